using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Evaluation.MetricFixtures;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class SignificanceTests
{
    private static readonly JsonNode s_first = Cases("significance.json").First();

    [Fact]
    public void Draws_are_numpys()
    {
        JsonNode inputs = s_first["inputs"]!;
        int segments = inputs["references"]!.AsArray().Count;
        int[][] expected = [.. inputs["bootstrap_indices"]!.AsArray().Select(row => row!.AsArray().Select(index => (int)index!).ToArray())];
        Assert.Equal(expected, Bootstrap.Indices(segments, new ResamplingOptions { Samples = expected.Length }));
    }

    [Theory]
    [InlineData("better")]
    [InlineData("alike")]
    [InlineData("same_as_base")]
    public void Paired_tests_are_sacrebleus(string system)
    {
        (SegmentStatistics baseline, SegmentStatistics other) = (Statistics("base"), Statistics(system));
        JsonNode expected = s_first["expected"]!["double_precision"]!["BLEU"]![system]!;
        PairedComparison bootstrap = PairedTests.Bootstrap(baseline, other, new ResamplingOptions { Samples = 200 });
        Assert.Equal((double)expected["p_bootstrap"]!, bootstrap.PValue, 1e-12);
        Assert.Equal((double)expected["mean"]!, bootstrap.SystemInterval!.Mean, 1e-9);
        Assert.Equal((double)expected["ci"]!, bootstrap.SystemInterval.HalfWidth, 1e-9);
        PairedComparison exchange = PairedTests.ApproximateRandomization(baseline, other, new ResamplingOptions { Samples = 300 });
        Assert.Equal((double)expected["p_randomisation"]!, exchange.PValue, 1e-12);
        Assert.Null(exchange.SystemInterval);
        Assert.NotNull(PairedTests.ApproximateRandomization(baseline, other, new ResamplingOptions { Samples = 3 }, intervalSamples: 50).SystemInterval);
    }

    [Fact]
    public void A_metric_of_ones_own_is_tested_by_the_same_machine()
    {
        SegmentStatistics right = SegmentStatistics.OfMean("accuracy", Enumerable.Range(0, 200).Select(i => i % 10 == 0 ? 0.0 : 1)), wrong = SegmentStatistics.OfMean("accuracy", Enumerable.Range(0, 200).Select(i => i % 2.0));
        PairedComparison comparison = PairedTests.Bootstrap(wrong, right, new ResamplingOptions { Samples = 100, Seed = 7 });
        Assert.Equal(0.4, comparison.Difference, 1e-12);
        Assert.True(comparison.PValue < 0.05);
        ConfidenceInterval interval = Bootstrap.Interval(right);
        Assert.InRange(0.9, interval.Lower, interval.Upper);
    }

    [Fact]
    public void What_cannot_be_compared_is_refused()
    {
        SegmentStatistics one = SegmentStatistics.OfMean("a", [1, 2]), shorter = SegmentStatistics.OfMean("a", [1]), other = SegmentStatistics.OfMean("b", [1, 2]);
        Assert.Throws<ArgumentException>(() => PairedTests.Bootstrap(one, shorter));
        Assert.Throws<ArgumentException>(() => PairedTests.Bootstrap(one, other));
        Assert.Throws<ArgumentException>(() => Bootstrap.Interval(SegmentStatistics.OfMean("a", [])));
        Assert.Throws<ArgumentException>(() => Bootstrap.PercentileInterval(0, [1, 2], level: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bootstrap.Interval(one, new ResamplingOptions { Samples = 0 }));
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => Bootstrap.Interval(one, new ResamplingOptions { Cancellation = stopped.Token }));
    }

    private static SegmentStatistics Statistics(string system)
    {
        BleuAccumulator accumulator = new(keepSegments: true);
        foreach ((string hypothesis, string reference) in s_first["inputs"]!["systems"]![system]!.Texts().Zip(s_first["inputs"]!["references"]!.Texts())) accumulator.Add(hypothesis, reference);
        return accumulator.PerSegment!;
    }
}
