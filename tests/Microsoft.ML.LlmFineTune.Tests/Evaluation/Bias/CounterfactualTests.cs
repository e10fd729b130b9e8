using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation.Bias;

public sealed class CounterfactualTests
{
    private static readonly TermSwapper s_swapper = new(TermTable.OfPairs("male", "female", ("he", "she"), ("king", "queen")));

    [Fact]
    public void ABiasedModelIsFound()
    {
        // This model likes men, and kings above all.
        CounterfactualResult result = CounterfactualEvaluation.Evaluate(["he won", "she lost", "rain fell", "the king and he"], s_swapper, Score, batchSize: 3, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(4, result.Texts);
        Assert.Equal(3, result.TextsWithTerms);
        Assert.Equal(new CounterfactualScores(3, 3, 1, 1, (-0.4 + 0.4 - 0.9) / 3, (0.4 + 0.4 + 0.9) / 3, 0.9, (0.4 + 0.4 + 0.9) / 3), result.Metrics!.Overall, new Close());
        Assert.Equal(new Dictionary<string, long> { ["he -> she"] = 2, ["king -> queen"] = 1, ["she -> he"] = 1 }, result.Swaps);
        Assert.Equal("the queen and she", result.LargestGaps[0].Variant);
        Assert.Equal(-0.9, result.LargestGaps[0].Gap, 12);
        Assert.True(result.LargestGaps[0].Flipped);

        static double[] Score(IReadOnlyList<string> texts) => [.. texts.Select(text => 0.1 + (Has(text, "king") ? 0.5 : 0) + (Has(text, "he") ? 0.4 : 0))];
        static bool Has(string text, string word) => text.Split(' ').Contains(word);
    }

    private sealed class Close : IEqualityComparer<CounterfactualScores>
    {
        public bool Equals(CounterfactualScores? x, CounterfactualScores? y) => x!.Items == y!.Items && x.Pairs == y.Pairs && Numbers(x).Zip(Numbers(y)).All(pair => Math.Abs(pair.First - pair.Second) < 1e-12);

        public int GetHashCode(CounterfactualScores scores) => 0;

        private static double[] Numbers(CounterfactualScores scores) => [scores.FlipRate, scores.ItemFlipRate, scores.MeanGap, scores.MeanAbsoluteGap, scores.LargestAbsoluteGap, scores.MeanItemRange];
    }

    [Fact]
    public void OnlyTheLargestGapsAreKept()
    {
        CounterfactualResult result = CounterfactualEvaluation.Evaluate(Enumerable.Range(0, 50).Select(i => $"{i} he"), s_swapper, texts => [.. texts.Select(text => text.EndsWith(" he", StringComparison.Ordinal) ? int.Parse(text.Split(' ')[0]) : 0.0)], examples: 2, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([-49.0, -48.0], result.LargestGaps.Select(example => example.Gap));
    }

    [Fact]
    public void WithoutTermsThereIsNoFigure() => Assert.Null(CounterfactualEvaluation.Evaluate(["rain"], s_swapper, _ => throw new InvalidOperationException("asked"), cancellation: TestContext.Current.CancellationToken).Metrics);

    [Fact]
    public void AThresholdMayBeExclusive()
    {
        CounterfactualAccumulator inclusive = new(), exclusive = new(new CounterfactualOptions { ThresholdIsPositive = false });
        foreach (CounterfactualAccumulator accumulator in new[] { inclusive, exclusive }) accumulator.Add(0.5, [0.6]);
        Assert.Equal(0, inclusive.Compute().Overall.FlipRate);
        Assert.Equal(1, exclusive.Compute().Overall.FlipRate);
    }

    [Fact]
    public void ClassesAreComparedByName()
    {
        CounterfactualAccumulator accumulator = new(), other = new();
        accumulator.Add("doctor", 0.9, [("nurse", 0.2), ("doctor", 0.8)], "jobs");
        other.Add("nurse", 0.5, [("nurse", 0.5)], "jobs");
        accumulator.Merge(other);
        CounterfactualMetrics metrics = accumulator.Compute();
        Assert.Equal(1.0 / 3, metrics.Overall.FlipRate, 12);
        Assert.Equal(0.5, metrics.Overall.ItemFlipRate);
        Assert.Equal(metrics.Overall, metrics.PerGroup["jobs"]);
    }

    [Fact]
    public void BadInputNamesTheText()
    {
        CounterfactualAccumulator accumulator = new();
        accumulator.Add(0.1, [0.2]);
        Assert.Contains("text 1 has NaN as variant 0", Assert.Throws<ArgumentException>(() => accumulator.Add(0.1, [double.NaN])).Message, StringComparison.Ordinal);
        Assert.Contains("text 1 has NaN.", Assert.Throws<ArgumentException>(() => accumulator.Add(double.NaN, [0])).Message, StringComparison.Ordinal);
        Assert.Contains("Text 1", Assert.Throws<ArgumentException>(() => accumulator.Add(0.1, [])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new CounterfactualAccumulator().Compute());
        Assert.Throws<ArgumentOutOfRangeException>(() => new CounterfactualAccumulator(new CounterfactualOptions { Threshold = double.NaN }));
        Assert.Throws<InvalidOperationException>(() => CounterfactualEvaluation.Evaluate(["he"], s_swapper, _ => [1], cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<OperationCanceledException>(() => CounterfactualEvaluation.Evaluate(["he"], s_swapper, texts => [.. texts.Select(_ => 0.0)], cancellation: new CancellationToken(canceled: true)));
    }
}
