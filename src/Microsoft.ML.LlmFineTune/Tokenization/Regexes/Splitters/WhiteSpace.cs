namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What split patterns do with white space.</summary>
internal static class WhiteSpace
{
    /// <summary><c>\s+(?!\S)|\s+</c> at the beginning of a text: a run leaves its last character to what follows, unless it is all there is.</summary>
    public static int Length(ReadOnlySpan<char> text) => Length(text, SplitClasses.EndOfRun(text, 0, SplitClass.Space));

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c> at the beginning of a text: a run with line ends goes to the last of them.</summary>
    /// <param name="text">The text, white space first.</param>
    /// <param name="wholeEnd">Whether a run that ends the text is one match (<c>\s++$</c> before the others).</param>
    public static int LengthByLines(ReadOnlySpan<char> text, bool wholeEnd)
    {
        var end = SplitClasses.EndOfRun(text, 0, SplitClass.Space);
        if (wholeEnd && end == text.Length)
            return end;
        var lastLineEnd = text[..end].LastIndexOfAny('\r', '\n');
        return lastLineEnd >= 0 ? lastLineEnd + 1 : Length(text, end);
    }

    // White space has no character above U+FFFF.
    private static int Length(ReadOnlySpan<char> text, int end) => end < text.Length && end > 1 ? end - 1 : end;
}
