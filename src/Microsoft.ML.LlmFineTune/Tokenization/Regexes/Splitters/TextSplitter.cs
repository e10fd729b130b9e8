namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A split pattern whose matches cover every text without gaps, as a scanner.</summary>
internal abstract class TextSplitter
{
    /// <summary>UTF-16 units of the match that begins a text; the text isn't empty, the match neither.</summary>
    public abstract int MatchLength(ReadOnlySpan<char> text);
}
