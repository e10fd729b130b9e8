namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Orders texts by their code points, as Python and scikit-learn do: a character beyond the basic plane comes after U+FFFD, where ordinal UTF-16 order puts it before U+E000.</summary>
internal sealed class CodePointComparer : IComparer<string>
{
    public static CodePointComparer Instance { get; } = new();

    private CodePointComparer()
    {
    }

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null) return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        int same = x.AsSpan().CommonPrefixLength(y);
        if (same == x.Length || same == y.Length) return x.Length - y.Length;
        // Texts may part within a character beyond the basic plane.
        int within = same > 0 && char.IsHighSurrogate(x[same - 1]) ? CodePoint(x, same - 1) - CodePoint(y, same - 1) : 0;
        return within != 0 ? within : CodePoint(x, same) - CodePoint(y, same);
    }

    private static int CodePoint(string text, int at) => at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];
}
