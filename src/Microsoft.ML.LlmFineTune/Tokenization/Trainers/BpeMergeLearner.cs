using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Finds the merges of byte pair encoding: again and again the pair of neighbours that occurs most often, of equally frequent ones that with the smaller left and then the smaller right id.
/// Counts are kept up to date by looking only at the words that a merge changes. Counts in the queue may be too high by then; they are corrected when their turn comes.
/// </summary>
internal sealed class BpeMergeLearner
{
    private readonly List<string> _tokens;
    private readonly List<int> _lengths;
    private readonly Dictionary<string, int> _ids;
    private readonly List<Word> _words = [];
    private readonly long _lengthBound;
    private readonly Dictionary<(int Left, int Right), long> _counts = [];
    private readonly PriorityQueue<Candidate, Candidate> _queue = new(Candidate.ByUrgency);
    private Dictionary<(int Left, int Right), List<int>> _places = [];

    /// <summary>A learner over words.</summary>
    /// <param name="tokens">The initial tokens; grows by the products of merges.</param>
    /// <param name="words">Words in ids of initial tokens; their arrays are changed.</param>
    /// <param name="lengthBound">A pair is only taken if it is shorter than this, in initial tokens. Pairs of two initial tokens always are.</param>
    public BpeMergeLearner(List<string> tokens, IEnumerable<BpeTrainingWord> words, long lengthBound)
    {
        _tokens = tokens;
        _lengths = [.. tokens.Select(_ => 1)];
        _ids = tokens.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id);
        _lengthBound = lengthBound;
        foreach (var word in words)
        {
            if (word.Symbols.Length > 1)
                _words.Add(new Word(word.Symbols, word.Symbols.Length, word.Count));
        }
    }

    /// <summary>All tokens, those of merges included.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>Merges until there are <paramref name="vocabularySize"/> tokens, or no pair that occurs <paramref name="minimumFrequency"/> times.</summary>
    public List<(string Left, string Right)> Learn(int vocabularySize, long minimumFrequency, Action<int> mergeDone, CancellationToken cancellationToken)
    {
        CountPairs(cancellationToken);
        Enqueue();
        var merges = new List<(string Left, string Right)>();
        while (_tokens.Count < vocabularySize && _queue.TryDequeue(out var best, out _))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = _counts[best.Pair];
            if (count != best.Count)
            {
                best = best with { Count = count };
                _queue.Enqueue(best, best);
                continue;
            }
            if (count < Math.Max(minimumFrequency, 1))
                break;
            merges.Add((_tokens[best.Pair.Left], _tokens[best.Pair.Right]));
            var product = ProductOf(best.Pair);
            foreach (var place in best.Places)
                MergeIn(place, best.Pair, product);
            Enqueue();
            mergeDone(merges.Count);
        }
        return merges;
    }

    // Another pair may have given the same token before.
    private int ProductOf((int Left, int Right) pair)
    {
        var token = _tokens[pair.Left] + _tokens[pair.Right];
        if (_ids.TryGetValue(token, out var known))
            return known;
        _ids.Add(token, _tokens.Count);
        _tokens.Add(token);
        _lengths.Add(_lengths[pair.Left] + _lengths[pair.Right]);
        return _tokens.Count - 1;
    }

    private void CountPairs(CancellationToken cancellationToken)
    {
        for (var place = 0; place < _words.Count; place++)
        {
            if (place % 4096 == 0)
                cancellationToken.ThrowIfCancellationRequested();
            var (symbols, length, count) = _words[place];
            for (var i = 0; i + 1 < length; i++)
                Found((symbols[i], symbols[i + 1]), place, count);
        }
    }

    private void MergeIn(int place, (int Left, int Right) pair, int product)
    {
        ref var word = ref CollectionsMarshal.AsSpan(_words)[place];
        var symbols = word.Symbols.AsSpan(0, word.Length);
        var into = 0;
        for (var at = 0; at < symbols.Length; at++, into++)
        {
            if (symbols[at] != pair.Left || at + 1 == symbols.Length || symbols[at + 1] != pair.Right)
            {
                symbols[into] = symbols[at];
                continue;
            }
            at++;
            symbols[into] = product;
            if (into > 0)
            {
                Lost((symbols[into - 1], pair.Left), word.Count);
                if (IsShort(symbols[into - 1], product))
                    Found((symbols[into - 1], product), place, word.Count);
            }
            if (at + 1 < symbols.Length)
            {
                Lost((pair.Right, symbols[at + 1]), word.Count);
                if (IsShort(product, symbols[at + 1]))
                    Found((product, symbols[at + 1]), place, word.Count);
            }
        }
        word = word with { Length = into };
    }

    private bool IsShort(int left, int right) => _lengths[left] + _lengths[right] < _lengthBound;

    private void Lost((int Left, int Right) pair, long count) => CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) -= count;

    private void Found((int Left, int Right) pair, int place, long count)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += count;
        ref var places = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _);
        places ??= [];
        // Words are walked one after another, so a word that is there already is the last.
        if (places.Count == 0 || places[^1] != place)
            places.Add(place);
    }

    // A pair that is in the queue already is queued once more, with the places where it is new.
    private void Enqueue()
    {
        foreach (var (pair, places) in _places)
        {
            if (_counts[pair] is > 0 and var count)
            {
                var candidate = new Candidate(pair, count, places);
                _queue.Enqueue(candidate, candidate);
            }
        }
        _places = [];
    }

    private record struct Word(int[] Symbols, int Length, long Count);

    private readonly record struct Candidate((int Left, int Right) Pair, long Count, List<int> Places)
    {
        public static IComparer<Candidate> ByUrgency { get; } = Comparer<Candidate>.Create(
            (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Pair.CompareTo(b.Pair));
    }
}
