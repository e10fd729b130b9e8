using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class SpanCorruptionTests
{
    private static readonly SpanCorruptionOptions Options = new() { FirstSentinel = 999, EndOfText = 1 };

    [Fact]
    public void Source_and_target_together_are_the_text()
    {
        int[][] texts = [.. Enumerable.Range(0, 20).Select(text => Enumerable.Range(10, 2 + (text * 13)).ToArray())];
        SpanCorruptionBatches source = new(texts, Options, 0, 64, BatchSize.OfRows(4), new RandomStreams(1));
        List<int[]> restored = [];
        foreach (TokenBatch batch in source.Epoch(2))
        {
            Assert.True(batch.Length <= 64);
            for (int row = 0; row < batch.Rows; row++)
            {
                int real = batch.Mask is null ? batch.Length : batch.Mask.AsSpan(row * batch.Length, batch.Length).Count(true);
                restored.Add(Restored(batch.Tokens.AsSpan(row * batch.Length, real).ToArray(), [.. batch.Targets.Skip(row * batch.TargetLength).Take(batch.TargetLength).Where(target => target != TokenBatch.Ignored)]));
            }
        }
        int piece = SpanCorruption.Lengths(64, 0.15, 3).TextLength;
        string[] expected = [.. texts.SelectMany(text => text.Chunk(piece)).Where(text => text.Length > 1).Select(text => string.Join(' ', text)).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, restored.Select(text => string.Join(' ', text)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Epochs_differ_and_batches_do_not_matter()
    {
        int[][] texts = [.. Enumerable.Range(0, 10).Select(text => Enumerable.Range(10 + (100 * text), 40).ToArray())];
        string Of(int rows, int epoch, bool shuffles) => string.Join('\n', new SpanCorruptionBatches(texts, Options with { FirstSentinel = 5000 }, 0, 64, BatchSize.OfRows(rows), new RandomStreams(1), shuffles)
            .Epoch(epoch).SelectMany(batch => Enumerable.Range(0, batch.Rows).Select(row => string.Join(' ', batch.Targets.Skip(row * batch.TargetLength).Take(batch.TargetLength)))).Order(StringComparer.Ordinal));
        Assert.Equal(Of(1, 0, false), Of(4, 0, true));
        Assert.NotEqual(Of(1, 0, false), Of(1, 1, false));
    }

    [Fact]
    public void Too_few_sentinels_are_said_before_training()
    {
        int[][] texts = [[.. Enumerable.Range(10, 400)]];
        Assert.Contains("sentinels", Assert.Throws<ArgumentException>(() => new SpanCorruptionBatches(texts, Options with { Sentinels = 5 }, 0, 128, BatchSize.OfRows(1), new RandomStreams(1))).Message, StringComparison.Ordinal);
        Assert.Contains("at least two tokens", Assert.Throws<ArgumentException>(() => new SpanCorruptionBatches([[5], []], Options, 0, 128, BatchSize.OfRows(1), new RandomStreams(1))).Message, StringComparison.Ordinal);
        Assert.Contains("needs 2 sentinels; there are 1", Assert.Throws<ArgumentException>(() => SpanCorruption.Apply([7, 8, 9, 9], [true, false, true, false], Options with { Sentinels = 1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_have_their_defaults_and_ranges()
    {
        Assert.Equal((100, 0.15, 3.0, false), (Options.Sentinels, Options.Density, Options.MeanSpanLength, Options.ClosesTargets));
        Assert.Throws<ArgumentException>((Options with { Density = 0 }).Validate);
        Assert.Throws<ArgumentException>((Options with { Density = 1 }).Validate);
        Assert.Throws<ArgumentOutOfRangeException>((Options with { MeanSpanLength = 0.5 }).Validate);
        Assert.Throws<ArgumentOutOfRangeException>((Options with { FirstSentinel = 50 }).Validate);
    }

    /// <summary>Puts the spans of the target back into the source.</summary>
    private static int[] Restored(long[] source, long[] target)
    {
        Assert.Equal((1L, 1L), (source[^1], target[^1]));
        Dictionary<long, List<long>> spans = [];
        foreach (long token in target[..^1])
        {
            if (token > 900) spans.Add(token, []);
            else spans[spans.Keys.Min()].Add(token);
        }
        return [.. source[..^1].SelectMany(token => token > 900 ? spans[token] : [token]).Select(token => (int)token)];
    }
}
