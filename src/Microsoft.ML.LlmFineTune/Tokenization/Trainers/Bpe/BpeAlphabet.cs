namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// The tokens that training begins with, and words as ids of them: special tokens, then the alphabet by code points, then what prefix and suffix make of it, again by code points.
/// </summary>
internal sealed class BpeAlphabet
{
    private const int WordsPerCheck = 1 << 12;

    private readonly string? _prefix;
    private readonly string? _suffix;

    // By code point: how often it occurs, in which forms, and the ids of the forms (0: none yet).
    private readonly long[] _counts = new long[ScalarValues.End];
    private readonly byte[] _forms = new byte[ScalarValues.End];
    private readonly int[][] _ids;

    /// <summary>Counts the characters of words and chooses the initial tokens, or takes those that are given.</summary>
    public BpeAlphabet(WordCounts words, BpeTrainerOptions options, IReadOnlyList<string>? initialTokens, CancellationToken cancellationToken)
    {
        (_prefix, _suffix) = (options.ContinuingSubwordPrefix, options.EndOfWordSuffix);
        CountCharacters(words, cancellationToken);
        foreach (var token in initialTokens ?? options.SpecialTokens)
            IdOf(token);
        if (initialTokens is null)
        {
            foreach (var codePoint in Kept(options))
                IdOf(ScalarValues.ToText(codePoint));
        }
        _ids = new int[4][];
        for (var form = 0; form < 4; form++)
            _ids[form] = new int[_forms.Any(forms => (forms & (1 << form)) != 0) ? ScalarValues.End : 0];
        for (var codePoint = 0; codePoint < ScalarValues.End; codePoint++)
        {
            if (_forms[codePoint] == 0)
                continue;
            var text = ScalarValues.ToText(codePoint);
            if (!Ids.ContainsKey(text))
                continue;
            for (var form = 0; form < 4; form++)
            {
                if ((_forms[codePoint] & (1 << form)) != 0)
                    _ids[form][codePoint] = IdOf(((form & 1) != 0 ? _prefix : "") + text + ((form & 2) != 0 ? _suffix : "")) + 1;
            }
        }
    }

    /// <summary>All tokens in the order of their ids; training goes on with them.</summary>
    public List<string> Tokens { get; } = [];

    /// <summary>The ids of the tokens.</summary>
    public Dictionary<string, int> Ids { get; } = [];

    /// <summary>Writes the symbols of a word, no more than it has UTF-16 units; characters outside of the alphabet are left out.</summary>
    /// <returns>How many there are.</returns>
    public int Write(ReadOnlySpan<char> word, Span<int> into)
    {
        var count = 0;
        for (var reader = Read(word); reader.Next();)
        {
            if (_ids[reader.Form][reader.CodePoint] is not 0 and var id)
                into[count++] = id - 1;
        }
        return count;
    }

    private int IdOf(string token)
    {
        if (!Ids.TryGetValue(token, out var id))
        {
            id = Tokens.Count;
            Ids.Add(token, id);
            Tokens.Add(token);
        }
        return id;
    }

    private void CountCharacters(WordCounts words, CancellationToken cancellationToken)
    {
        for (var i = 0; i < words.Count; i++)
        {
            if (i % WordsPerCheck == 0)
                cancellationToken.ThrowIfCancellationRequested();
            var count = words.CountOf(i);
            for (var reader = Read(words[i]); reader.Next();)
            {
                _counts[reader.CodePoint] += count;
                _forms[reader.CodePoint] |= (byte)(1 << reader.Form);
            }
        }
    }

    private IEnumerable<int> Kept(BpeTrainerOptions options)
    {
        var counts = _counts;
        foreach (var text in options.InitialAlphabet)
            counts[ScalarValues.First(text, out _)] = long.MaxValue;
        var all = Enumerable.Range(0, ScalarValues.End).Where(codePoint => counts[codePoint] > 0);
        return options.AlphabetLimit is { } limit ? all.OrderByDescending(codePoint => counts[codePoint]).Take(limit).Order() : all;
    }

    private Reader Read(ReadOnlySpan<char> word) => new(word, !string.IsNullOrEmpty(_prefix), !string.IsNullOrEmpty(_suffix));

    /// <summary>Walks over the characters of a word: with bit 0 of the form set, the prefix belongs before a character, with bit 1 the suffix behind it.</summary>
    private ref struct Reader(ReadOnlySpan<char> word, bool prefix, bool suffix)
    {
        private readonly ReadOnlySpan<char> _word = word;
        private int _at;

        public int CodePoint { get; private set; }

        public int Form { get; private set; }

        public bool Next()
        {
            if (_at == _word.Length)
                return false;
            var first = _at == 0;
            CodePoint = ScalarValues.First(_word[_at..], out var length);
            _at += length;
            Form = (prefix && !first ? 1 : 0) | (suffix && _at == _word.Length ? 2 : 0);
            return true;
        }
    }
}
