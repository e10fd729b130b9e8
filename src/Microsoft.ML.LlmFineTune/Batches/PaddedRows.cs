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

    /// <summary>A batch of rows in the given order, padded to the longest of them.</summary>
    /// <param name="rows">The rows, at least one. Where one has values or reference log-probabilities, all must have as many.</param>
    /// <param name="padding">The token to pad with.</param>
    /// <param name="rowsPerUnit">Rows that belong together; divides their number.</param>
    /// <param name="multipleOf">What the length is to be a multiple of (8 helps some accelerators); default 1.</param>
    /// <exception cref="ArgumentException">The parts of a row, or the rows, do not fit each other.</exception>
    public static TokenBatch Of(IReadOnlyList<TokenRow> rows, int padding, int rowsPerUnit = 1, int multipleOf = 1)
    {
        Require.NotNull(rows);
        Require.AtLeast(rows.Count, 1);
        Require.AtLeast(multipleOf, 1);
        for (var row = 0; row < rows.Count; row++)
            rows[row].Validate(row);
        var length = (rows.Max(row => row.Tokens.Length) + multipleOf - 1) / multipleOf * multipleOf;
        var targetLength = rows.All(row => row.HasTargetsOfTokens) ? length : rows.Max(row => row.Targets.Length);
        bool[]? mask = null;
        if (rows.Any(row => row.Tokens.Length < length))
        {
            mask = new bool[rows.Count * length];
            for (var row = 0; row < rows.Count; row++)
                mask.AsSpan(row * length, rows[row].Tokens.Length).Fill(true);
        }
        return new TokenBatch(rows.Count, length, Padded(rows, row => row.Tokens, length, padding)!, Padded(rows, row => row.Targets, targetLength, TokenBatch.Ignored)!, mask, targetLength)
        {
            Segments = rows.All(row => row.Segments is null) ? null : Padded(rows, row => row.Segments ?? new int[row.Tokens.Length], length, 0),
            Documents = rows.All(row => row.Documents is null) ? null : Padded(rows, row => row.Documents ?? new int[row.Tokens.Length], length, TokenBatch.NoDocument),
            Values = Together(rows, row => row.Values, rows[0].Values?.Length ?? 0, "values"),
            ReferenceLogProbabilities = Together(rows, row => row.ReferenceLogProbabilities, targetLength, "reference log-probabilities"),
            RowsPerUnit = rowsPerUnit,
        };
    }

    private static long[] Padded(IReadOnlyList<TokenRow> rows, Func<TokenRow, int[]> part, int length, long padding)
    {
        var all = new long[rows.Count * length];
        for (var row = 0; row < rows.Count; row++)
        {
            var from = part(rows[row]);
            var into = all.AsSpan(row * length, length);
            for (var i = 0; i < from.Length; i++)
                into[i] = from[i];
            into[from.Length..].Fill(padding);
        }
        return all;
    }

    /// <summary>Numbers of all rows or of none; rows of different lengths are filled up with 0.</summary>
    private static float[]? Together(IReadOnlyList<TokenRow> rows, Func<TokenRow, float[]?> part, int length, string name)
    {
        if (rows.All(row => part(row) is null))
            return null;
        var all = new float[rows.Count * length];
        for (var row = 0; row < rows.Count; row++)
        {
            if (part(rows[row]) is not { } numbers || (name == "values" && numbers.Length != length))
                throw new ArgumentException($"All rows of a batch need {name}, and as many; row {row} has {part(rows[row])?.Length ?? 0}, another {length}.", nameof(rows));
            numbers.CopyTo(all, row * length);
        }
        return all;
    }

    internal static bool[] AllReal(int rows, int length)
    {
        var mask = new bool[rows * length];
        Array.Fill(mask, true);
        return mask;
    }
}
