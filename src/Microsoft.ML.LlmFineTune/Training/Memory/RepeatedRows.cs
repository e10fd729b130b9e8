using Microsoft.ML.LlmFineTune.Batches;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A source with one batch: rows of another batch, again and again, as many as are wanted.</summary>
/// <param name="pattern">The other batch.</param>
/// <param name="units">Which units of it, in order.</param>
/// <param name="rows">How many rows there are to be: whole units.</param>
internal sealed class RepeatedRows(TokenBatch pattern, int[] units, int rows) : IBatchSource
{
    public int CountBatches(int epoch) => 1;

    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        yield return new TokenBatch(rows, pattern.Length, Rows(pattern.Tokens)!, Rows(pattern.Targets)!, Rows(pattern.Mask), pattern.TargetLength)
        {
            Segments = Rows(pattern.Segments),
            Documents = Rows(pattern.Documents),
            Values = Rows(pattern.Values),
            ReferenceLogProbabilities = Rows(pattern.ReferenceLogProbabilities),
            RowsPerUnit = pattern.RowsPerUnit,
        };
    }

    private T[]? Rows<T>(T[]? all)
    {
        if (all is null) return null;
        int each = all.Length / pattern.Rows;
        T[] repeated = new T[rows * each];
        for (int row = 0; row < rows; row++)
        {
            int from = (units[row / pattern.RowsPerUnit % units.Length] * pattern.RowsPerUnit) + (row % pattern.RowsPerUnit);
            Array.Copy(all, from * each, repeated, row * each, each);
        }
        return repeated;
    }
}
