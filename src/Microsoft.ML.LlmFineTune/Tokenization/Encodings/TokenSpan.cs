namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The part of a text that a token stands for, in UTF-16 units: <c>text[Start..End]</c>.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="End">One past its last unit.</param>
public readonly record struct TokenSpan(int Start, int End)
{
    /// <summary>As a range of a string.</summary>
    public Range ToRange() => Start..End;
}
