using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class RowBatchesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Every_unit_once_an_epoch_and_whole(int rowsPerUnit)
    {
        TokenRow[] rows = [.. Enumerable.Range(0, 60).Select(i => new TokenRow([i, .. Enumerable.Repeat(99, i * 7 % 11)], [i]))];
        RowBatches source = new(rows, 0, BatchSize.OfRows(8), new RandomStreams(1), rowsPerUnit);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            TokenBatch[] batches = [.. source.Epoch(epoch)];
            Assert.Equal(source.CountBatches(epoch), batches.Length);
            Assert.All(batches, batch => Assert.True(batch.Rows <= 8 && batch.RowsPerUnit == rowsPerUnit));
            long[] seen = [.. batches.SelectMany(batch => batch.Targets)];
            Assert.Equal(Enumerable.Range(0, 60).Select(i => (long)i), seen.Order());
            for (int i = 0; i < seen.Length; i += rowsPerUnit)
            {
                for (int row = 0; row < rowsPerUnit; row++) Assert.Equal(seen[i] + row, seen[i + row]);
                Assert.Equal(0, seen[i] % rowsPerUnit);
            }
        }
        Assert.NotEqual(source.Epoch(0).First().Tokens, source.Epoch(1).First().Tokens);
        Assert.Equal(source.Epoch(1).First().Tokens, source.Epoch(1).First().Tokens);
    }

    [Fact]
    public void Rows_are_padded_in_all_their_parts()
    {
        TokenBatch batch = PaddedRows.Of(
        [
            new TokenRow([1, 2, 3], [2, 3, -100]) { Segments = [0, 0, 1], Documents = [0, 0, 1], ReferenceLogProbabilities = [-1, -2, 0], Values = [5, 6] },
            new TokenRow([4], [-100]) { ReferenceLogProbabilities = [0], Values = [7, 8] },
        ], padding: 9, multipleOf: 4);
        Assert.Equal((2, 4, 4, 2), (batch.Rows, batch.Length, batch.TargetLength, batch.TargetCount));
        Assert.Equal([1, 2, 3, 9, 4, 9, 9, 9], batch.Tokens);
        Assert.Equal([2, 3, -100, -100, -100, -100, -100, -100], batch.Targets);
        Assert.Equal([true, true, true, false, true, false, false, false], batch.Mask!);
        Assert.Equal([0, 0, 1, 0, 0, 0, 0, 0], batch.Segments!);
        Assert.Equal([0, 0, 1, -1, 0, -1, -1, -1], batch.Documents!);
        Assert.Equal([-1, -2, 0, 0, 0, 0, 0, 0], batch.ReferenceLogProbabilities!);
        Assert.Equal([5, 6, 7, 8], batch.Values!);
    }

    [Fact]
    public void Targets_of_their_own_length_are_padded_by_themselves()
    {
        TokenBatch batch = PaddedRows.Of([new TokenRow([1, 2, 3], [4]), new TokenRow([5, 6], [7, 8])], padding: 0);
        Assert.Equal((3, 2), (batch.Length, batch.TargetLength));
        Assert.Equal([4, -100, 7, 8], batch.Targets);
        Assert.Null(PaddedRows.Of([new TokenRow([1, 2], []), new TokenRow([3, 4], [])], padding: 0).Mask);
        Assert.Equal(0, PaddedRows.Of([new TokenRow([1, 2], [])], padding: 0).TargetLength);
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        Assert.Contains("row 1 has none", Message(() => PaddedRows.Of([new TokenRow([1], []), new TokenRow([], [])], 0)), StringComparison.Ordinal);
        Assert.Contains("Row 0 has 2 tokens, so it needs as many segments; received 1", Message(() => PaddedRows.Of([new TokenRow([1, 2], []) { Segments = [0] }], 0)), StringComparison.Ordinal);
        Assert.Contains("need values, and as many; row 1 has 0", Message(() => PaddedRows.Of([new TokenRow([1], []) { Values = [1] }, new TokenRow([1], [])], 0)), StringComparison.Ordinal);
        Assert.Contains("multiple of 2; received 3", Message(() => new RowBatches([.. Enumerable.Repeat(new TokenRow([1], []), 3)], 0, BatchSize.OfRows(4), null, 2)), StringComparison.Ordinal);
        Assert.Contains("at least one row", Message(() => new RowBatches([], 0, BatchSize.OfRows(4), null)), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RowBatches([.. Enumerable.Repeat(new TokenRow([1], []), 4)], 0, BatchSize.OfRows(1), null, 2));

        static string Message(Action act) => Assert.Throws<ArgumentException>(act).Message;
    }

    [Fact]
    public void A_number_of_tokens_is_shared_by_the_rows_of_a_unit()
    {
        RowBatches source = new([.. Enumerable.Repeat(new TokenRow([1, 2, 3, 4], []), 24)], 0, BatchSize.OfTokens(33), null, 2);
        Assert.Equal([8, 8, 8], source.Epoch(0).Select(batch => batch.Rows));
    }
}
