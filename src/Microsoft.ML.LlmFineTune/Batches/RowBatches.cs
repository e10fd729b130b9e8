using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Batches of rows that are the same in every epoch, of whatever task: the functions in <c>Batches.Rows</c> make them (completions, labels of tokens, windows of questions, pairs, packed rows).
/// </summary>
public sealed class RowBatches : BucketedBatches
{
    private readonly IReadOnlyList<TokenRow> _rows;
    private readonly int _padding;
    private readonly int _rowsPerUnit;

    /// <summary>Batches over rows, which are kept, not copied.</summary>
    /// <param name="rows">The rows; those of a unit stand one after the other.</param>
    /// <param name="padding">The token to pad with; padding is masked.</param>
    /// <param name="size">Rows or tokens a batch; units are not cut, so it must have room for one.</param>
    /// <param name="random">Fixes the order of every epoch; null orders by length.</param>
    /// <param name="rowsPerUnit">Rows that belong together, at least 1.</param>
    /// <exception cref="ArgumentException">There is no row, the parts of one do not fit each other, or the last unit is not whole.</exception>
    public RowBatches(IReadOnlyList<TokenRow> rows, int padding, BatchSize size, RandomStreams? random, int rowsPerUnit = 1)
        : base(LengthsOf(rows, rowsPerUnit), size.InUnits(rowsPerUnit), random)
    {
        (_rows, _padding, _rowsPerUnit) = (rows, padding, rowsPerUnit);
        for (var row = 0; row < rows.Count; row++)
            rows[row].Validate(row);
    }

    private protected override TokenBatch Gather(int epoch, int[] units)
    {
        var rows = new List<TokenRow>(units.Length * _rowsPerUnit);
        foreach (var unit in units)
        {
            for (var row = 0; row < _rowsPerUnit; row++)
                rows.Add(_rows[(unit * _rowsPerUnit) + row]);
        }
        return PaddedRows.Of(rows, _padding, _rowsPerUnit);
    }

    private protected override void AddData(ref BatchFingerprint hash)
    {
        hash.Add(_padding);
        hash.Add(_rowsPerUnit);
        foreach (var row in _rows)
            row.AddTo(ref hash);
    }

    private static int[] LengthsOf(IReadOnlyList<TokenRow> rows, int rowsPerUnit)
    {
        Require.NotNull(rows);
        Require.AtLeast(rowsPerUnit, 1);
        Require.Argument(rows.Count % rowsPerUnit == 0, $"{rowsPerUnit} rows belong together, so their number must be a multiple of {rowsPerUnit}; received {rows.Count}.", nameof(rows));
        var lengths = new int[rows.Count / rowsPerUnit];
        for (var row = 0; row < rows.Count; row++)
            lengths[row / rowsPerUnit] = Math.Max(lengths[row / rowsPerUnit], rows[row].Tokens.Length);
        return lengths;
    }
}
