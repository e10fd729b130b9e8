using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class CausalPackedBatchesTests
{
    private const int EndOfText = 0;

    [Theory]
    [InlineData(8, 3)]
    [InlineData(5, 4)]
    [InlineData(1, 2)]
    [InlineData(1000, 1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void Every_token_and_every_end_is_a_target_once(int blockLength, int rows)
    {
        var documents = Documents(40);
        var batches = new CausalPackedBatches(documents, EndOfText, blockLength, rows, new RandomStreams(1));
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var all = batches.Epoch(epoch).ToList();
            Assert.Equal(batches.CountBatches(epoch), all.Count);
            Assert.All(all.SkipLast(1), batch => Assert.Equal(rows, batch.Rows));
            var targets = all.SelectMany(batch => batch.Targets).Where(target => target != TokenBatch.Ignored).Order();
            Assert.Equal(documents.SelectMany(document => document.Append(EndOfText)).Select(token => (long)token).Order(), targets);
            Assert.Equal(batches.TargetsPerEpoch, all.Sum(batch => batch.TargetCount));
        }
    }

    [Fact]
    public void A_target_is_the_token_after_it()
    {
        var batches = new CausalPackedBatches([[11, 12], [], [13]], EndOfText, blockLength: 4, rowsPerBatch: 2, random: null);
        var batch = Assert.Single(batches.Epoch(0));
        Assert.Equal((2, 4, 5), (batch.Rows, batch.Length, batch.TargetCount));
        Assert.Equal([0, 11, 12, 0, 13, 0, 0, 0], batch.Tokens);
        Assert.Equal([11, 12, 0, 13, 0, -100, -100, -100], batch.Targets);
        Assert.Equal([true, true, true, true, true, false, false, false], batch.Mask!);
    }

    [Fact]
    public void Blocks_stay_whole_runs_of_the_stream()
    {
        var documents = Documents(30);
        foreach (var batch in new CausalPackedBatches(documents, EndOfText, 16, 4, new RandomStreams(7)).Epoch(2))
        {
            for (var row = 0; row < batch.Rows; row++)
            {
                for (var i = 0; i + 1 < batch.Length; i++)
                {
                    var target = batch.Targets[row * batch.Length + i];
                    if (target != TokenBatch.Ignored && batch.Targets[row * batch.Length + i + 1] != TokenBatch.Ignored)
                        Assert.Equal(target, batch.Tokens[row * batch.Length + i + 1]);
                }
            }
        }
    }

    [Fact]
    public void The_order_is_the_seeds_and_the_epochs()
    {
        long[] Order(long seed, int epoch) => [.. new CausalPackedBatches(Documents(50), EndOfText, 8, 4, new RandomStreams(seed)).Epoch(epoch).SelectMany(batch => batch.Tokens)];
        Assert.Equal(Order(1, 0), Order(1, 0));
        Assert.NotEqual(Order(1, 0), Order(1, 1));
        Assert.NotEqual(Order(1, 0), Order(2, 0));
    }

    [Fact]
    public void One_long_document_is_shuffled_too()
    {
        int[] document = [.. Enumerable.Range(1, 1000)];
        var batches = new CausalPackedBatches([document], EndOfText, 10, 1, new RandomStreams(3));
        var starts = batches.Epoch(0).Select(batch => batch.Tokens[0]).ToList();
        Assert.NotEqual(starts.Order(), starts);
        Assert.Equal(101, starts.Count);
    }

    [Fact]
    public void Documents_without_tokens_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => new CausalPackedBatches([[], []], EndOfText, 8, 4, null));
        Assert.Contains("2 documents were given, all of them empty", error.Message, StringComparison.Ordinal);
    }

    internal static int[][] Documents(int count)
    {
        var random = new Random(5);
        var next = 1;
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, random.Next(1, 30)).Select(_ => next++).ToArray())];
    }
}
