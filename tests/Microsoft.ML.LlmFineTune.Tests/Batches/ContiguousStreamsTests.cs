using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class ContiguousStreamsTests
{
    [Fact]
    public void Rows_go_on_from_batch_to_batch()
    {
        int[][] documents = [[.. Enumerable.Range(1, 20)], [], [.. Enumerable.Range(21, 11)]];
        ContiguousStreams source = new(documents, endOfText: 0, length: 4, rows: 3, random: null);
        List<TokenBatch> batches = [.. source.Epoch(0)];
        int[] stream = [0, .. documents[0], 0, .. documents[2], 0];
        // 34 tokens, so 33 targets: 11 a row, in batches of 4, 4 and 3.
        Assert.Equal([4, 4, 3], batches.Select(batch => batch.Length));
        Assert.Equal(batches.Count, source.CountBatches(0));
        for (int row = 0; row < 3; row++)
        {
            Assert.Equal(stream.Skip(row * 11).Take(11).Select(id => (long)id), batches.SelectMany(batch => batch.Tokens.Skip(row * batch.Length).Take(batch.Length)));
            Assert.Equal(stream.Skip((row * 11) + 1).Take(11).Select(id => (long)id), batches.SelectMany(batch => batch.Targets.Skip(row * batch.Length).Take(batch.Length)));
        }
        Assert.All(batches, batch => Assert.Null(batch.Mask));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(5, 3)]
    [InlineData(6, 1000)]
    public void Every_token_is_a_target_once_but_for_fewer_than_a_row_each(int rows, int length)
    {
        int[][] documents = [[1, 2, 3], [4, 5, 6, 7], [8]];
        List<TokenBatch> batches = [.. new ContiguousStreams(documents, 0, length, rows, null).Epoch(0)];
        Assert.Equal(11 / rows * rows, batches.Sum(batch => batch.TargetCount));
        Assert.Equal(new ContiguousStreams(documents, 0, length, rows, null).CountBatches(0), batches.Count);
    }

    [Fact]
    public void The_order_of_documents_is_the_seeds_and_the_epochs()
    {
        int[][] documents = [.. Enumerable.Range(1, 30).Select(id => new[] { id })];
        long[] Tokens(long seed, int epoch) => [.. new ContiguousStreams(documents, 0, 5, 2, new RandomStreams(seed)).Epoch(epoch).SelectMany(batch => batch.Tokens)];
        Assert.Equal(Tokens(1, 0), Tokens(1, 0));
        Assert.NotEqual(Tokens(1, 0), Tokens(1, 1));
        Assert.NotEqual(Tokens(1, 0), Tokens(2, 0));
    }

    [Fact]
    public void Fewer_tokens_than_rows_are_refused()
    {
        Assert.Contains("4 streams need at least 5 tokens, ends of text included; 4 were given", Assert.Throws<ArgumentException>(() => new ContiguousStreams([[1, 2]], 0, 5, 4, null)).Message, StringComparison.Ordinal);
        Assert.Contains("all of them empty", Assert.Throws<ArgumentException>(() => new ContiguousStreams([[]], 0, 5, 4, null)).Message, StringComparison.Ordinal);
    }
}
