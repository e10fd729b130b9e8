using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// SentencePiece's BPE training. Unlike Hugging Face's it looks for the next pair among a part of the pairs only (those that were frequent when it last looked at all, and newer ones), prefers short pieces between equal counts,
/// and doesn't merge a pair whose text is a piece already.
/// </summary>
internal sealed class SentencePieceBpe
{
    private const int PiecesPerUpdate = 100;
    private const int MinimumActive = 1000;
    private const float ActiveRatio = 0.05f;
    private const int Removed = -1;
    private const int None = -1;

    private readonly SentencePieceCorpus _corpus;
    private readonly SentencePieceTrainerOptions _options;
    private readonly SentencePieceRules _rules;
    private readonly CancellationToken _cancellationToken;
    private readonly List<Symbol> _symbols = [];
    private readonly Dictionary<int, Symbol> _characters = [];
    private readonly Dictionary<(int Left, int Right), Symbol> _pairs = [];
    private readonly HashSet<(int Left, int Right)> _forbidden = [];
    private readonly List<Symbol> _active = [];

    // By word: the symbols, Removed where one was merged into the one before; and how often the word occurs.
    private readonly List<int[]> _words = [];
    private readonly List<long> _counts = [];

    public SentencePieceBpe(SentencePieceCorpus corpus, SentencePieceTrainerOptions options, CancellationToken cancellationToken)
    {
        (_corpus, _options, _rules, _cancellationToken) = (corpus, options, new SentencePieceRules(options), cancellationToken);
        foreach (var (word, count) in corpus.Words(corpus.Sentences, cancellationToken))
        {
            _words.Add(Array.ConvertAll(WithBorders(word), codePoint => Character(codePoint).Id));
            _counts.Add(count);
        }
    }

    /// <summary>The pieces with their scores, in the order of merging; then the characters.</summary>
    /// <param name="room">How many there are to be at most.</param>
    public List<(string Piece, float Score)> Learn(int room)
    {
        for (var word = 0; word < _words.Count; word++)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            for (var i = 1; i < _words[word].Length; i++)
                AddPair(word, i - 1, i);
        }
        var pieces = new List<(string Piece, float Score)>();
        var known = new HashSet<string>();
        while (pieces.Count < room - _corpus.Alphabet.Count)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            if (pieces.Count % PiecesPerUpdate == 0)
                UpdateActive();
            if (!TryFindBest(out var best))
                break;
            var text = ScalarValues.ToText(best.CodePoints);
            if (known.Add(text))
            {
                pieces.Add((text, -(float)pieces.Count));
                Merge(best);
                _options.Progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.Merging, pieces.Count, room));
            }
            _pairs.Remove((best.Left, best.Right));
            best.IsActive = false;
        }
        foreach (var codePoint in _corpus.SortedAlphabet)
            pieces.Add((ScalarValues.ToText(codePoint), -(float)pieces.Count));
        return pieces;
    }

    private int[] WithBorders(int[] word)
    {
        if (_options.PretokenizationDelimiter.Length == 0)
            return word;
        var codePoints = new List<int>();
        ScalarValues.Append(ScalarValues.ToText(word).Replace(_options.PretokenizationDelimiter, ((char)SentencePieceRules.Border).ToString(), StringComparison.Ordinal), codePoints);
        return [.. codePoints];
    }

    private Symbol Character(int codePoint)
    {
        if (!_characters.TryGetValue(codePoint, out var symbol))
        {
            symbol = new Symbol(_symbols.Count, None, None, [codePoint]);
            _symbols.Add(symbol);
            _characters.Add(codePoint, symbol);
        }
        return symbol;
    }

    private Symbol? Pair(int left, int right)
    {
        if (_pairs.TryGetValue((left, right), out var symbol))
            return symbol;
        if (_forbidden.Contains((left, right)))
            return null;
        int[] codePoints = [.. _symbols[left].CodePoints, .. _symbols[right].CodePoints];
        if (!_rules.Allows(codePoints))
        {
            _forbidden.Add((left, right));
            return null;
        }
        symbol = new Symbol(_symbols.Count, left, right, codePoints);
        _symbols.Add(symbol);
        _pairs.Add((left, right), symbol);
        return symbol;
    }

    private void AddPair(int word, int left, int right)
    {
        if (left == None || right == None || Pair(_words[word][left], _words[word][right]) is not { } symbol)
            return;
        if (!symbol.IsActive)
        {
            symbol.IsActive = true;
            _active.Add(symbol);
        }
        symbol.Add(new Place(word, left, right));
    }

    private void ForgetCount(int word, int left, int right, Symbol best)
    {
        if (left != None && right != None && Pair(_words[word][left], _words[word][right]) is { } symbol && symbol != best)
            symbol.Count = 0;
    }

    // Counts are made when they are asked for, and kept until a neighbour changes.
    private void Count(Symbol symbol)
    {
        if (symbol.Count > 0)
            return;
        symbol.Places.RemoveAll(place => _words[place.Word][place.Left] != symbol.Left || _words[place.Word][place.Right] != symbol.Right);
        foreach (var place in symbol.Places)
            symbol.Count += _counts[place.Word];
    }

    private void UpdateActive()
    {
        foreach (var symbol in _active)
            symbol.IsActive = false;
        _active.Clear();
        var counts = new long[_pairs.Count];
        var number = 0;
        foreach (var symbol in _pairs.Values)
        {
            if (number % 1024 == 0)
                _cancellationToken.ThrowIfCancellationRequested();
            Count(symbol);
            counts[number++] = symbol.Count;
        }
        var size = Math.Min(Math.Max(MinimumActive, (int)((_pairs.Count + _characters.Count) * ActiveRatio)), counts.Length);
        if (size == 0)
            return;
        Array.Sort(counts);
        var threshold = counts[^size];
        _active.AddRange(_pairs.Values.Where(symbol => symbol.Count > threshold));
        _active.AddRange(_pairs.Values.Where(symbol => symbol.Count == threshold).Order().Take(size - _active.Count));
        foreach (var symbol in _active)
            symbol.IsActive = true;
    }

    private bool TryFindBest([NotNullWhen(true)] out Symbol? best)
    {
        best = null;
        _active.RemoveAll(symbol => !symbol.IsActive);
        foreach (var symbol in _active)
        {
            Count(symbol);
            if (best is null || symbol.CompareTo(best) < 0)
                best = symbol;
        }
        return best is not null;
    }

    private void Merge(Symbol best)
    {
        foreach (var (word, left, right) in best.Places)
        {
            var symbols = _words[word];
            // Merged with its left neighbour just now, where both symbols of the pair are the same.
            if (symbols[left] == Removed)
                continue;
            var next = right + 1;
            while (next < symbols.Length && symbols[next] == Removed)
                next++;
            if (next == symbols.Length)
                next = None;
            var previous = left - 1;
            while (previous >= 0 && symbols[previous] == Removed)
                previous--;
            ForgetCount(word, previous, left, best);
            ForgetCount(word, right, next, best);
            symbols[left] = best.Id;
            symbols[right] = Removed;
            AddPair(word, previous, left);
            AddPair(word, left, next);
        }
    }

    private readonly record struct Place(int Word, int Left, int Right);

    /// <summary>A character or a pair of symbols; ordered by which is to be merged first.</summary>
    private sealed class Symbol(int id, int left, int right, int[] codePoints) : IComparable<Symbol>
    {
        public int Id { get; } = id;

        public int Left { get; } = left;

        public int Right { get; } = right;

        public int[] CodePoints { get; } = codePoints;

        /// <summary>0: not known.</summary>
        public long Count { get; set; }

        public List<Place> Places { get; } = [];

        public bool IsActive { get; set; }

        // Words are walked in order, and so are the places in a word.
        public void Add(Place place)
        {
            if (Places.Count == 0 || Places[^1] != place)
                Places.Add(place);
        }

        public int CompareTo(Symbol? other)
        {
            if (other is null)
                return -1;
            if (Count != other.Count)
                return other.Count.CompareTo(Count);
            if (CodePoints.Length != other.CodePoints.Length)
                return CodePoints.Length.CompareTo(other.CodePoints.Length);
            var order = CodePoints.AsSpan().SequenceCompareTo(other.CodePoints);
            return order != 0 ? order : Id.CompareTo(other.Id);
        }
    }
}
