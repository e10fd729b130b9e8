using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class RandomWindowBatchesTests
{
    [Fact]
    public void Windows_are_runs_of_the_stream_and_reach_both_ends()
    {
        int[] stream = [.. Enumerable.Range(0, 20)];
        var starts = new HashSet<long>();
        var batches = new RandomWindowBatches(stream, blockLength: 8, rowsPerBatch: 4, batchesPerEpoch: 200, new RandomStreams(1));
        Assert.Equal(200, batches.CountBatches(0));
        foreach (var batch in batches.Epoch(0))
        {
            Assert.Equal((4, 8, 32), (batch.Rows, batch.Length, batch.TargetCount));
            Assert.Null(batch.Mask);
            for (var i = 0; i < batch.Tokens.Length; i++)
                Assert.Equal(batch.Tokens[i / 8 * 8] + i % 8 + 1, batch.Targets[i]);
            for (var row = 0; row < 4; row++)
                starts.Add(batch.Tokens[row * 8]);
        }
        Assert.Equal(Enumerable.Range(0, 12).Select(start => (long)start), starts.Order());
    }

    [Fact]
    public void The_places_are_the_seeds_and_the_epochs()
    {
        long[] Places(long seed, int epoch) => [.. new RandomWindowBatches([.. Enumerable.Range(0, 1000)], 8, 4, 5, new RandomStreams(seed)).Epoch(epoch).SelectMany(batch => batch.Tokens)];
        Assert.Equal(Places(1, 0), Places(1, 0));
        Assert.NotEqual(Places(1, 0), Places(1, 1));
        Assert.NotEqual(Places(1, 0), Places(2, 0));
    }

    [Fact]
    public void A_stream_that_is_too_short_is_refused() =>
        Assert.Contains("a stream of at least 9 tokens; 8 were given", Assert.Throws<ArgumentException>(() => new RandomWindowBatches(new int[8], 8, 1, 1, new RandomStreams(1))).Message, StringComparison.Ordinal);
}
