using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Takes the tokens of a text as they are found. Used again and again by one thread.</summary>
internal sealed class TokenBuffer
{
    private int[] _ids = new int[64];
    private TokenSpan[] _spans = new TokenSpan[64];
    private int[] _words = new int[64];
    private Dictionary<int, string>? _spellings;

    public int Count { get; private set; }

    /// <summary>Whether it may be kept: what a very long text needed goes with it.</summary>
    public bool IsSmall => _ids.Length <= 1 << 20;

    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    public Span<TokenSpan> Spans => _spans.AsSpan(0, Count);

    public ReadOnlySpan<int> Words => _words.AsSpan(0, Count);

    public void Clear() => (Count, _spellings) = (0, null);

    public void Add(int id, TokenSpan span, int word)
    {
        if (Count == _ids.Length)
            Grow();
        (_ids[Count], _spans[Count], _words[Count]) = (id, span, word);
        Count++;
    }

    /// <summary>Says how the last token is spelled.</summary>
    public void Spell(string spelling) => (_spellings ??= [])[Count - 1] = spelling;

    public string? SpellingOf(int token) => _spellings?.GetValueOrDefault(token);

    public Dictionary<int, string>? TakeSpellings()
    {
        var taken = _spellings;
        _spellings = null;
        return taken;
    }

    private void Grow()
    {
        Array.Resize(ref _ids, 2 * Count);
        Array.Resize(ref _spans, 2 * Count);
        Array.Resize(ref _words, 2 * Count);
    }
}
