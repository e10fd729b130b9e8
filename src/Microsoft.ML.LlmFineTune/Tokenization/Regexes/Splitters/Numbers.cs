namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What split patterns do with numbers.</summary>
internal static class Numbers
{
    /// <summary><c>\p{N}{1,most}</c>, whose first ends at a place.</summary>
    public static int End(ReadOnlySpan<char> text, int at, int most)
    {
        for (var count = 1; count < most && at < text.Length && (SplitClasses.At(text, at, out var length) & SplitClass.Number) != 0; count++)
            at += length;
        return at;
    }
}
