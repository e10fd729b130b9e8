using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Texts of several lengths side by side: padded on the right to the longest of them.</summary>
public static class PaddedRows
{
    /// <summary>A batch of whole texts with one target a row, in the given order.</summary>
    /// <param name="texts">Tokens of each text, at least one text. An empty text stands as one padding token that counts as real, so that a model has something to read.</param>
    /// <param name="targets">The class of each text; null for texts without one.</param>
    /// <param name="padding">The token to pad with; any token of the vocabulary will do, for padding is masked.</param>
    /// <param name="maximumLength">Longer texts lose their end.</param>
    public static TokenBatch Of(IReadOnlyList<int[]> texts, IReadOnlyList<int>? targets, int padding, int maximumLength = int.MaxValue)
    {
        Require.NotNull(texts);
        Require.AtLeast(texts.Count, 1);
        Require.AtLeast(maximumLength, 1);
        if (targets is not null && targets.Count != texts.Count)
            throw new ArgumentException($"{texts.Count} texts need as many targets; {targets.Count} were given.", nameof(targets));
        var rows = texts.Count;
        var length = Math.Clamp(texts.Max(text => text.Length), 1, maximumLength);
        var tokens = new long[rows * length];
        bool[]? mask = null;
        for (var row = 0; row < rows; row++)
        {
            var text = texts[row].AsSpan();
            var real = Math.Min(text.Length, length);
            var into = tokens.AsSpan(row * length, length);
            for (var i = 0; i < real; i++)
                into[i] = text[i];
            if (real == length)
                continue;
            into[real..].Fill(padding);
            real = Math.Max(real, 1);
            if (real == length)
                continue;
            mask ??= AllReal(rows, length);
            mask.AsSpan(row * length + real, length - real).Clear();
        }
        var classes = new long[rows];
        for (var row = 0; row < rows; row++)
            classes[row] = targets?[row] ?? TokenBatch.Ignored;
        return new TokenBatch(rows, length, tokens, classes, mask);
    }

    internal static bool[] AllReal(int rows, int length)
    {
        var mask = new bool[rows * length];
        Array.Fill(mask, true);
        return mask;
    }
}
