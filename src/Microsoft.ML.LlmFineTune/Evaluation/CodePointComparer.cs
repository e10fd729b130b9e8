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
        (char left, char right) = (x[same], y[same]);
        // At the first difference a surrogate outweighs every other unit; of two surrogates the order is that of the units.
        return char.IsSurrogate(left) != char.IsSurrogate(right) ? (char.IsSurrogate(left) ? 1 : -1) : left - right;
    }
}
