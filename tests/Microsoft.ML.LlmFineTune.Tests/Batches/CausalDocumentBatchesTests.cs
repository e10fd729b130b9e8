using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class CausalDocumentBatchesTests
{
    private const int EndOfText = 0;

    [Fact]
    public void Each_document_stands_alone()
    {
        var batch = Assert.Single(new CausalDocumentBatches([[11], [12, 13, 14], []], EndOfText, 8, BatchSize.OfRows(3), null).Epoch(0));
        Assert.Equal((3, 4, 7), (batch.Rows, batch.Length, batch.TargetCount));
        Assert.Equal([0, 12, 13, 14, 0, 11, 0, 0, 0, 0, 0, 0], batch.Tokens);
        Assert.Equal([12, 13, 14, 0, 11, 0, -100, -100, 0, -100, -100, -100], batch.Targets);
        Assert.Equal([true, true, true, true, true, true, false, false, true, false, false, false], batch.Mask!);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    public void Every_token_and_every_end_is_a_target_once(int maximumLength)
    {
        var documents = CausalPackedBatchesTests.Documents(40);
        foreach (var random in (RandomStreams?[])[null, new RandomStreams(4)])
        {
            var batches = new CausalDocumentBatches(documents, EndOfText, maximumLength, BatchSize.OfTokens(100), random);
            var all = batches.Epoch(1).ToList();
            Assert.Equal(batches.CountBatches(1), all.Count);
            Assert.All(all, batch => Assert.True(batch.Length <= maximumLength && batch.Tokens.Length <= 100, $"{batch.Rows} x {batch.Length}"));
            Assert.Equal(documents.SelectMany(document => document.Append(EndOfText)).Select(token => (long)token).Order(),
                all.SelectMany(batch => batch.Targets).Where(target => target != TokenBatch.Ignored).Order());
        }
    }
}
