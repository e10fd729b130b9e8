using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Finds the merges of byte pair encoding: again and again the pair of neighbours that occurs most often, of equally frequent ones that with the smaller left and then the smaller right id.
/// Counts are kept up to date by looking only at the words that a merge changes. Counts in the queue may be too high by then; they are corrected when their turn comes.
/// </summary>
internal sealed class BpeLearner
{
    private const int WordsPerCheck = 1 << 10;
    private const int WordsPerReport = 1 << 16;

    private readonly BpeTrainerOptions _options;
    private readonly CancellationToken _cancellationToken;
    private readonly List<string> _tokens;
    private readonly Dictionary<string, int> _ids;
    private readonly PairCounts _pairs = new();
    private readonly MergeQueue _queue = new();

    // Words of two symbols or more, side by side. Lengths of symbols are only there where they are limited.
    private readonly List<Word> _words = [];
    private readonly int[] _symbols;
    private readonly int[]? _lengths;

    // Pairs that were found since the queue was filled, each with the word where; by pair, the last such word and how many.
    private readonly List<(int Pair, int Word)> _found = [];
    private readonly List<int> _foundPairs = [];
    private int[] _lastWord = new int[1 << 10];
    private int[] _places = new int[1 << 10];

    private BpeLearner(WordCounts words, BpeTrainerOptions options, IReadOnlyList<string>? initialTokens, CancellationToken cancellationToken)
    {
        (_options, _cancellationToken) = (options, cancellationToken);
        var alphabet = new BpeAlphabet(words, options, initialTokens, cancellationToken);
        (_tokens, _ids) = (alphabet.Tokens, alphabet.Ids);
        _symbols = ReadWords(words, alphabet);
        if (options.MaximumTokenLength is not null)
        {
            _lengths = new int[_symbols.Length];
            Array.Fill(_lengths, 1);
        }
    }

    /// <summary>
    /// Learns a vocabulary and merges from words. Where initial tokens are given (in the order of their ids), they stand in place of special tokens and alphabet:
    /// for comparison with trainers that order them at random.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of its range, or there are no words.</exception>
    public static BpeTrainingResult Learn(WordCounts words, BpeTrainerOptions options, IReadOnlyList<string>? initialTokens = null, CancellationToken cancellationToken = default)
    {
        options.Validate();
        Require.Argument(words.Count > 0, "Training a tokenizer needs text; the texts have no words.", nameof(words));
        var learner = new BpeLearner(words, options, initialTokens, cancellationToken);
        learner.CountPairs();
        return learner.Merge();
    }

    /// <summary>Learns a WordPiece vocabulary: the tokens in the order of their ids.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or there are no words.</exception>
    public static IReadOnlyList<string> LearnWordPiece(WordCounts words, WordPieceTrainerOptions options, IReadOnlyList<string>? initialTokens = null, CancellationToken cancellationToken = default) =>
        Learn(words, options.ForBpe(), initialTokens, cancellationToken).Vocabulary;

    private int[] ReadWords(WordCounts words, BpeAlphabet alphabet)
    {
        Require.State(words.Length <= Array.MaxLength, $"The distinct words have more than {Array.MaxLength} characters together; limit the words that are held ({nameof(TokenizerTrainerOptions.MaximumDistinctWords)}) or split texts into shorter words.");
        var all = new int[words.Length];
        var used = 0;
        for (var i = 0; i < words.Count; i++)
        {
            if (i % WordsPerCheck == 0)
                _cancellationToken.ThrowIfCancellationRequested();
            var length = alphabet.Write(words[i], all.AsSpan(used));
            if (length < 2)
                continue;
            _words.Add(new Word(used, length, words.CountOf(i)));
            used += length;
        }
        return all;
    }

    private void CountPairs()
    {
        for (var number = 0; number < _words.Count; number++)
        {
            if (number % WordsPerCheck == 0)
                _cancellationToken.ThrowIfCancellationRequested();
            if (number % WordsPerReport == 0)
                _options.Progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.CountingPairs, number, _words.Count));
            var word = _words[number];
            var symbols = _symbols.AsSpan(word.Start, word.Length);
            for (var i = 0; i + 1 < symbols.Length; i++)
                Found(symbols[i], symbols[i + 1], number, word.Count);
        }
        Enqueue();
    }

    private BpeTrainingResult Merge()
    {
        var merges = new List<int>();
        var minimum = Math.Max(_options.MinimumFrequency, 1);
        while (_tokens.Count < _options.VocabularySize && _queue.TryDequeue(out var best))
        {
            _cancellationToken.ThrowIfCancellationRequested();
            var count = _pairs.CountOf(best.Number);
            if (count != best.Count)
            {
                _queue.Enqueue(best with { Count = count });
                continue;
            }
            if (count < minimum)
                break;
            merges.Add(best.Number);
            var (left, right) = _pairs[best.Number];
            var product = ProductOf(left, right);
            var places = best.Places.AsSpan();
            for (var i = 0; i < places.Length; i++)
            {
                if ((i + 1) % WordsPerCheck == 0)
                    _cancellationToken.ThrowIfCancellationRequested();
                MergeIn(places[i], left, right, product);
            }
            Enqueue();
            _options.Progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.Merging, _tokens.Count, _options.VocabularySize));
        }
        return new BpeTrainingResult(_tokens, Ranked(merges));
    }

    // A pair that was merged twice has its later rank.
    private List<(string Left, string Right)> Ranked(List<int> merges)
    {
        var seen = new HashSet<int>();
        var ranked = new List<(string Left, string Right)>();
        for (var i = merges.Count - 1; i >= 0; i--)
        {
            if (seen.Add(merges[i]))
                ranked.Add((_tokens[_pairs[merges[i]].Left], _tokens[_pairs[merges[i]].Right]));
        }
        ranked.Reverse();
        return ranked;
    }

    // Another pair may have given the same token before, or it may be a special token.
    private int ProductOf(int left, int right)
    {
        var tail = _tokens[right].AsSpan();
        if (_options.ContinuingSubwordPrefix is { } prefix && tail.StartsWith(prefix, StringComparison.Ordinal))
            tail = tail[prefix.Length..];
        var token = string.Concat(_tokens[left], tail);
        if (_ids.TryGetValue(token, out var known))
            return known;
        _ids.Add(token, _tokens.Count);
        _tokens.Add(token);
        return _tokens.Count - 1;
    }

    private void MergeIn(int number, int left, int right, int product)
    {
        var word = _words[number];
        var symbols = _symbols.AsSpan(word.Start, word.Length);
        var lengths = _lengths is null ? [] : _lengths.AsSpan(word.Start, word.Length);
        var into = symbols.IndexOf(left);
        if (into < 0)
            return;
        for (var at = into; at < symbols.Length; at++, into++)
        {
            if (symbols[at] != left || at + 1 == symbols.Length || symbols[at + 1] != right)
            {
                symbols[into] = symbols[at];
                if (!lengths.IsEmpty)
                    lengths[into] = lengths[at];
                continue;
            }
            if (!lengths.IsEmpty)
                lengths[into] = lengths[at] + lengths[at + 1];
            at++;
            symbols[into] = product;
            if (into > 0)
            {
                _pairs.CountOf(_pairs.NumberOf(symbols[into - 1], left)) -= word.Count;
                if (IsShort(lengths, into - 1, into))
                    Found(symbols[into - 1], product, number, word.Count);
            }
            if (at + 1 < symbols.Length)
            {
                _pairs.CountOf(_pairs.NumberOf(right, symbols[at + 1])) -= word.Count;
                if (IsShort(lengths, into, at + 1))
                    Found(product, symbols[at + 1], number, word.Count);
            }
        }
        _words[number] = word with { Length = into };
    }

    private bool IsShort(ReadOnlySpan<int> lengths, int left, int right) => lengths.IsEmpty || lengths[left] + lengths[right] <= _options.MaximumTokenLength;

    private void Found(int left, int right, int word, long count)
    {
        var pair = _pairs.NumberOf(left, right);
        _pairs.CountOf(pair) += count;
        if (pair >= _lastWord.Length)
        {
            Array.Resize(ref _lastWord, Math.Max(pair + 1, _lastWord.Length * 2));
            Array.Resize(ref _places, _lastWord.Length);
        }
        // Words are walked one after another, so a word that is there already is the last.
        if (_places[pair] == 0)
            _foundPairs.Add(pair);
        else if (_lastWord[pair] == word)
            return;
        _lastWord[pair] = word;
        _places[pair]++;
        _found.Add((pair, word));
    }

    // A pair that is in the queue already is queued once more, with the places where it is new.
    private void Enqueue()
    {
        if (_found.Count == 0)
            return;
        // All places of one merge share an array, each pair with its own part of it.
        var places = new int[_found.Count];
        var end = 0;
        foreach (var pair in _foundPairs)
        {
            var count = _places[pair];
            (_places[pair], _lastWord[pair]) = (end, count);
            end += count;
        }
        foreach (var (pair, word) in _found)
            places[_places[pair]++] = word;
        foreach (var pair in _foundPairs)
        {
            if (_pairs.CountOf(pair) is > 0 and var count)
                _queue.Enqueue(new MergeQueue.Candidate(count, _pairs.KeyOf(pair), pair, new ArraySegment<int>(places, _places[pair] - _lastWord[pair], _lastWord[pair])));
            _places[pair] = 0;
        }
        _found.Clear();
        _foundPairs.Clear();
    }

    private readonly record struct Word(int Start, int Length, long Count);
}
