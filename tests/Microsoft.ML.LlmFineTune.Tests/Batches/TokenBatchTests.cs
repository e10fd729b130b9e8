using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class TokenBatchTests
{
    private static TokenBatch Batch() => new(6, 2, [.. Enumerable.Range(0, 12)], [.. Enumerable.Range(0, 18)], [.. Enumerable.Repeat(true, 12)], targetLength: 3)
    {
        Segments = [.. Enumerable.Range(100, 12)],
        Documents = [.. Enumerable.Range(200, 12)],
        Values = [.. Enumerable.Range(300, 6)],
        ReferenceLogProbabilities = [.. Enumerable.Range(400, 18)],
        RowsPerUnit = 2,
    };

    [Fact]
    public void A_slice_has_its_rows_of_everything()
    {
        TokenBatch batch = Batch(), slice = batch.Slice(2, 2);
        Assert.Equal((2, 2, 3, 2, 1), (slice.Rows, slice.Length, slice.TargetLength, slice.RowsPerUnit, slice.Units));
        Assert.Equal([4, 5, 6, 7], slice.Tokens);
        Assert.Equal([6, 7, 8, 9, 10, 11], slice.Targets);
        Assert.Equal([104, 105, 106, 107], slice.Segments!);
        Assert.Equal([204, 205, 206, 207], slice.Documents!);
        Assert.Equal([302, 303], slice.Values!);
        Assert.Equal([406, 407, 408, 409, 410, 411], slice.ReferenceLogProbabilities!);
        Assert.Equal(4, slice.Mask!.Length);
        Assert.Same(batch, slice.Whole);
        Assert.Same(batch, batch.Whole);
        Assert.Same(batch, batch.Slice(0, 4).Slice(0, 2).Whole);
    }

    [Fact]
    public void What_is_absent_stays_absent()
    {
        TokenBatch slice = new TokenBatch(2, 1, [1, 2], [], targetLength: 0).Slice(1, 1);
        Assert.Equal((0, 0, 0), (slice.TargetLength, slice.TargetCount, slice.ValuesPerRow));
        Assert.Equal((null, null, null, null, null), (slice.Mask, slice.Segments, slice.Documents, slice.Values, slice.ReferenceLogProbabilities));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Shares_are_cut_between_units(int replicas)
    {
        TokenBatch batch = Batch();
        TokenBatch[] shares = [.. Enumerable.Range(0, replicas).Select(replica => batch.Share(replica, replicas)).OfType<TokenBatch>()];
        Assert.Equal(Math.Min(replicas, 3), shares.Length);
        Assert.All(shares, share => Assert.Equal(0, share.Rows % 2));
        Assert.Equal(batch.Tokens, shares.SelectMany(share => share.Tokens));
    }

    [Fact]
    public void Other_sizes_are_refused()
    {
        Assert.Contains("4294967296 tokens", Assert.Throws<ArgumentException>(() => new TokenBatch(65536, 65536, [], [])).Message, StringComparison.Ordinal);
        Assert.Contains("3 targets a row (6)", Assert.Throws<ArgumentException>(() => new TokenBatch(2, 2, [1, 2, 3, 4], [1], targetLength: 3)).Message, StringComparison.Ordinal);
        Assert.Contains("a target for each token (4) or for each row (2)", Assert.Throws<ArgumentException>(() => new TokenBatch(2, 2, [1, 2, 3, 4], [1])).Message, StringComparison.Ordinal);
        Assert.Contains("Segments must be one a token (4); received 1", Message(() => new TokenBatch(2, 2, [1, 2, 3, 4], [1, 2]) { Segments = [1] }), StringComparison.Ordinal);
        Assert.Contains("Documents must be one a token (4); received 2", Message(() => new TokenBatch(2, 2, [1, 2, 3, 4], [1, 2]) { Documents = [1, 2] }), StringComparison.Ordinal);
        Assert.Contains("as many for each of 2 rows, at least one; received 3", Message(() => new TokenBatch(2, 2, [1, 2, 3, 4], [1, 2]) { Values = [1, 2, 3] }), StringComparison.Ordinal);
        Assert.Contains("one a target (2); received 3", Message(() => new TokenBatch(2, 2, [1, 2, 3, 4], [1, 2]) { ReferenceLogProbabilities = [1, 2, 3] }), StringComparison.Ordinal);
        Assert.Contains("divide the number of rows, 2; received 3", Message(() => new TokenBatch(2, 2, [1, 2, 3, 4], [1, 2]) { RowsPerUnit = 3 }), StringComparison.Ordinal);
        Assert.Contains("multiples of 2", Message(() => Batch().Slice(1, 2)), StringComparison.Ordinal);

        static string Message(Func<TokenBatch> create) => Assert.Throws<ArgumentException>(create).Message;
    }

    [Fact]
    public void Every_number_changes_the_fingerprint()
    {
        TokenBatch batch = Batch();
        ulong whole = Of(batch);
        Assert.Equal(whole, Of(Batch()));
        Assert.Equal(7, new[]
        {
            whole,
            Of(new TokenBatch(6, 2, [.. batch.Tokens.Reverse()], batch.Targets, batch.Mask, 3)),
            Of(new TokenBatch(6, 2, batch.Tokens, [.. batch.Targets.Reverse()], batch.Mask, 3)),
            Of(new TokenBatch(6, 2, batch.Tokens, batch.Targets, null, 3)),
            Of(new TokenBatch(6, 2, batch.Tokens, batch.Targets, [.. Enumerable.Repeat(false, 12)], 3)),
            Of(new TokenBatch(6, 2, batch.Tokens, batch.Targets, null, 3) { Values = batch.Values }),
            Of(new TokenBatch(6, 2, batch.Tokens, batch.Targets, null, 3) { Values = [.. batch.Values!.Reverse()] }),
        }.Distinct().Count());

        static ulong Of(params TokenBatch[] batches) => ((IBatchSource)new FixedBatches(batches)).Fingerprint();
    }

    private sealed class FixedBatches(TokenBatch[] batches) : IBatchSource
    {
        public int CountBatches(int epoch) => batches.Length;

        public IEnumerable<TokenBatch> Epoch(int epoch) => batches;
    }
}
