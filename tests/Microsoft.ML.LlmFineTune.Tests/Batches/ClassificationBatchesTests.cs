using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class ClassificationBatchesTests
{
    private const int Padding = 9999;

    [Theory]
    [InlineData(7, null)]
    [InlineData(16, null)]
    [InlineData(null, 200)]
    public void Every_row_once_an_epoch_with_its_class(int? rows, int? tokens)
    {
        var (texts, classes) = Rows(1001);
        var size = rows is { } count ? BatchSize.OfRows(count) : BatchSize.OfTokens(tokens!.Value);
        var batches = new ClassificationBatches(texts, classes, Padding, 100, size, new RandomStreams(1));
        for (var epoch = 0; epoch < 2; epoch++)
        {
            var all = batches.Epoch(epoch).ToList();
            Assert.Equal(batches.CountBatches(epoch), all.Count);
            var seen = new List<(long First, long Class)>();
            foreach (var batch in all)
            {
                Assert.True(rows is null ? batch.Tokens.Length <= 200 : batch.Rows <= rows, $"{batch.Rows} x {batch.Length}");
                Assert.Equal(batch.Rows, batch.TargetCount);
                for (var row = 0; row < batch.Rows; row++)
                    seen.Add((batch.Tokens[row * batch.Length], batch.Targets[row]));
            }
            Assert.Equal(texts.Zip(classes, (text, label) => ((long)text[0], (long)label)).Order(), seen.Order());
            // One remainder, not one for each bucket.
            if (rows is { } full)
                Assert.Equal((1001 + full - 1) / full, all.Count);
        }
    }

    [Fact]
    public void Little_is_padded()
    {
        var (texts, classes) = Rows(2000);
        var batches = new ClassificationBatches(texts, classes, Padding, 100, BatchSize.OfRows(8), new RandomStreams(1));
        double real = texts.Sum(text => text.Length), padded = batches.Epoch(0).Sum(batch => batch.Tokens.Length);
        Assert.True(padded / real < 1.2, $"{padded} for {real}");
        var straddling = 0;
        foreach (var batch in batches.Epoch(0))
        {
            var lengths = Enumerable.Range(0, batch.Rows).Select(row => Enumerable.Range(0, batch.Length).Count(i => batch.Mask?[row * batch.Length + i] ?? true)).ToList();
            Assert.Equal(batch.Length, lengths.Max());
            if (lengths.Any(length => batch.Length >= length * 1.25 && batch.Length >= length + 8))
                straddling++;
        }
        Assert.InRange(straddling, 0, BorderCount());

        static int BorderCount() => Enumerable.Range(1, 100).Select(LengthBuckets.BucketOf).Distinct().Count() - 1;
    }

    [Fact]
    public void The_order_is_the_seeds_and_the_epochs()
    {
        var (texts, classes) = Rows(300);
        long[] Order(long seed, int epoch) => [.. new ClassificationBatches(texts, classes, Padding, 100, BatchSize.OfRows(8), new RandomStreams(seed)).Epoch(epoch).SelectMany(batch => batch.Targets)];
        Assert.Equal(Order(1, 3), Order(1, 3));
        Assert.NotEqual(Order(1, 0), Order(1, 1));
        Assert.NotEqual(Order(1, 0), Order(2, 0));
    }

    [Fact]
    public void Long_texts_lose_their_end_and_are_counted()
    {
        var batches = new ClassificationBatches([[1, 2, 3, 4, 5], [6]], [1, 0], Padding, maximumLength: 3, BatchSize.OfRows(2), random: null);
        Assert.Equal(new TruncationReport(2, 1, 6, 2), batches.Truncation);
        Assert.Equal("1 of 2 texts were truncated, 2 of 6 tokens cut", batches.Truncation.ToString());
        var batch = Assert.Single(batches.Epoch(0));
        Assert.Equal([1, 2, 3, 6, Padding, Padding], batch.Tokens);
        Assert.Equal([true, true, true, true, false, false], batch.Mask!);
        Assert.Equal([1, 0], batch.Targets);
    }

    [Fact]
    public void An_empty_text_has_something_to_read()
    {
        var batch = PaddedRows.Of([[], [4, 5]], targets: null, Padding);
        Assert.Equal([Padding, Padding, 4, 5], batch.Tokens);
        Assert.Equal([true, false, true, true], batch.Mask!);
        Assert.Equal([TokenBatch.Ignored, TokenBatch.Ignored], batch.Targets);
        Assert.Equal(0, batch.TargetCount);
        Assert.Null(PaddedRows.Of([[]], null, Padding).Mask);
    }

    [Fact]
    public void Slices_are_the_rows()
    {
        var batch = PaddedRows.Of([[1, 2], [3], [4, 5], [6]], [0, 1, 2, 3], Padding);
        var slice = batch.Slice(1, 2);
        Assert.Equal([3, Padding, 4, 5], slice.Tokens);
        Assert.Equal([true, false, true, true], slice.Mask!);
        Assert.Equal([1, 2], slice.Targets);
        Assert.Same(batch, batch.Slice(0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Slice(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Slice(-1, 2));
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ClassificationBatches([[1]], [], Padding, 3, BatchSize.OfRows(1), null));
        Assert.Throws<ArgumentException>(() => new ClassificationBatches([], [], Padding, 3, BatchSize.OfRows(1), null));
        Assert.Throws<ArgumentException>(() => new TokenBatch(2, 2, new long[3], new long[2]));
        Assert.Throws<ArgumentException>(() => new TokenBatch(2, 2, new long[4], new long[3]));
        Assert.Throws<ArgumentException>(() => new TokenBatch(2, 2, new long[4], new long[2], new bool[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => BatchSize.OfRows(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BatchSize.OfTokens(0));
    }

    [Fact]
    public void Batches_are_counted_without_making_them()
    {
        var (texts, classes) = Rows(50);
        foreach (var size in (BatchSize[])[BatchSize.OfRows(1), BatchSize.OfRows(7), BatchSize.OfRows(25), BatchSize.OfRows(1000), BatchSize.OfTokens(64), BatchSize.OfTokens(500)])
        {
            var batches = new ClassificationBatches(texts, classes, Padding, 80, size, new RandomStreams(4));
            for (int epoch = 0; epoch < 3; epoch++)
                Assert.Equal(batches.Epoch(epoch).Count(), batches.CountBatches(epoch));
        }
    }

    private static (int[][] Texts, int[] Classes) Rows(int count)
    {
        var random = new Random(3);
        int[][] texts = [.. Enumerable.Range(0, count).Select(i => Enumerable.Repeat(i, random.Next(1, 100)).ToArray())];
        return (texts, [.. texts.Select(text => text[0] % 5)]);
    }
}
