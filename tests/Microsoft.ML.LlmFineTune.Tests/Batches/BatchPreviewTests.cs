using Microsoft.ML.LlmFineTune.Batches;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class BatchPreviewTests
{
    private const long No = TokenBatch.Ignored;

    [Fact]
    public void A_token_is_learnt_where_the_target_before_it_counts()
    {
        // Two rows of prompt and completion; the second is padded. The last target of the first stands beyond the row.
        TokenBatch batch = new(2, 4, [1, 2, 3, 4, 5, 6, 0, 0], [No, 3, 4, 9, 6, No, No, No], [true, true, true, true, true, true, false, false]);
        BatchPreview preview = BatchPreview.Of(batch);
        Assert.Equal(PreviewTargets.NextToken, preview.Kind);
        Assert.Equal([new(1, false), new(2, false), new(3, true), new(4, true), new(9, true)], preview.Rows[0].Tokens);
        Assert.Equal([new(5, false), new(6, true)], preview.Rows[1].Tokens);
        Assert.Equal((0, 3, 2, 1), (preview.Rows[0].Padding, preview.Rows[0].TrainedTokens, preview.Rows[1].Padding, preview.Rows[1].TrainedTokens));
        Assert.Empty(preview.Rows[0].Targets);
    }

    [Fact]
    public void An_end_that_is_learnt_though_it_is_masked_is_shown()
    {
        // The text's last token asks for an end that the model never reads.
        TokenBatch batch = new(1, 3, [1, 2, 0], [2, 7, No], [true, true, false]);
        Assert.Equal([new(1, false), new(2, true), new(0, true)], BatchPreview.Of(batch).Rows[0].Tokens);
    }

    [Fact]
    public void Targets_of_the_tokens_themselves_are_told_from_next_tokens()
    {
        BatchPreview preview = BatchPreview.Of(new TokenBatch(1, 4, [1, 103, 3, 4], [No, 2, No, No]));
        Assert.Equal(PreviewTargets.SameToken, preview.Kind);
        Assert.Equal([new(1, false), new(103, true, 2), new(3, false), new(4, false)], preview.Rows[0].Tokens);
        Assert.Equal(PreviewTargets.NextToken, BatchPreview.Of(new TokenBatch(1, 4, [1, 103, 3, 4], [No, 2, No, No]), kind: PreviewTargets.NextToken).Kind);
    }

    [Fact]
    public void Classes_sequences_numbers_and_nothing_are_told_apart()
    {
        BatchPreview classes = BatchPreview.Of(new TokenBatch(5, 2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [0, No, 2, 1, 1]));
        Assert.Equal((PreviewTargets.Row, 3), (classes.Kind, classes.Rows.Count));
        Assert.Equal([0L], classes.Rows[0].Targets);
        Assert.Empty(classes.Rows[1].Targets);
        Assert.All(classes.Rows, row => Assert.DoesNotContain(row.Tokens, token => token.Trained));

        BatchPreview sequences = BatchPreview.Of(new TokenBatch(2, 2, [1, 2, 3, 4], [5, 6, 7, 8, No, No], targetLength: 3));
        Assert.Equal(PreviewTargets.Sequence, sequences.Kind);
        Assert.Equal([8L], sequences.Rows[1].Targets);

        BatchPreview numbers = BatchPreview.Of(new TokenBatch(2, 2, [1, 2, 3, 4], [], targetLength: 0) { Values = [0.5f, 1.5f] });
        Assert.Equal(PreviewTargets.None, numbers.Kind);
        Assert.Equal([1.5f], numbers.Rows[1].Values);
    }

    [Fact]
    public void Rows_that_belong_together_are_shown_together() =>
        Assert.Equal(4, BatchPreview.Of(new TokenBatch(6, 1, [1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0]) { RowsPerUnit = 2 }).Rows.Count);

    [Fact]
    public void Of_a_long_row_the_part_is_shown_where_learning_begins()
    {
        long[] tokens = [.. Enumerable.Range(0, 1000).Select(i => (long)i)], targets = [.. tokens.Select(token => token < 700 ? No : token + 1)];
        PreviewRow row = BatchPreview.Of(new TokenBatch(1, 1000, tokens, targets), maximumTokens: 100).Rows[0];
        Assert.Equal((100, 676, 1001 - 776, 300), (row.Tokens.Count, row.TokensBefore, row.TokensAfter, row.TrainedTokens));
        Assert.Equal(new PreviewToken(701, true), row.Tokens.First(token => token.Trained));
        PreviewRow plain = BatchPreview.Of(new TokenBatch(1, 1000, tokens, [1]), maximumTokens: 100).Rows[0];
        Assert.Equal((100, 0, 900), (plain.Tokens.Count, plain.TokensBefore, plain.TokensAfter));
    }

    [Fact]
    public void The_first_batch_with_targets_is_taken()
    {
        TokenBatch nothing = new(1, 2, [1, 2], [No, No]), something = new(1, 2, [3, 4], [4, No]);
        Assert.Equal(3, BatchPreview.Of(new Given(nothing, something)).Rows[0].Tokens[0].Id);
        Assert.Equal(1, BatchPreview.Of(new Given(nothing)).Rows[0].Tokens[0].Id);
        Assert.Throws<ArgumentException>(() => BatchPreview.Of(new Given()));
        Assert.Throws<ArgumentException>(() => BatchPreview.Of(new TokenBatch(1, 2, [1, 2], [1]), kind: PreviewTargets.NextToken));
    }

    private sealed class Given(params TokenBatch[] batches) : IBatchSource
    {
        public int CountBatches(int epoch) => batches.Length;

        public IEnumerable<TokenBatch> Epoch(int epoch) => batches;
    }
}
