namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A regular expression over one text.</summary>
internal readonly ref struct CodePointMatcher(CodePointRegex regex, ReadOnlySpan<char> text, bool hasSurrogates)
{
    private readonly ReadOnlySpan<char> _text = text;

    /// <summary>The leftmost match at or after a place between two code points; an empty match has length 0.</summary>
    /// <exception cref="TimeoutException">The match took longer than it may.</exception>
    public bool TryMatch(int start, out int index, out int length) => regex.TryMatch(_text, hasSurrogates, start, out index, out length);
}
