using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class RegressionTests
{
    [Theory]
    [InlineData("weighted_rows")]
    [InlineData("tiny_values")]
    [InlineData("random_n60_round0")]
    public void Equals_the_reference_in_one_go_and_merged(string name)
    {
        JsonNode @case = MetricFixture.Case("regression", name), expected = @case["expected"]!;
        double[] actual = @case["inputs"]!["y_true"]!.Numbers(), predicted = @case["inputs"]!["y_pred"]!.Numbers();
        double[] weights = @case["inputs"]!["sample_weight"]?.Numbers() ?? [.. actual.Select(_ => 1.0)];
        foreach (int cut in new[] { 0, actual.Length / 3 })
        {
            RegressionAccumulator left = new(), right = new();
            MedianErrorAccumulator leftMedian = new(), rightMedian = new();
            left.AddRange(actual.AsSpan(0, cut), predicted.AsSpan(0, cut), weights.AsSpan(0, cut));
            right.AddRange(actual.AsSpan(cut), predicted.AsSpan(cut), weights.AsSpan(cut));
            for (int i = 0; i < actual.Length; i++) (i < cut ? leftMedian : rightMedian).Add(actual[i], predicted[i], weights[i]);
            left.Merge(right);
            leftMedian.Merge(rightMedian);
            RegressionMetrics metrics = left.Compute();
            Close("mse", metrics.MeanSquaredError);
            Close("rmse", metrics.RootMeanSquaredError);
            Close("mae", metrics.MeanAbsoluteError);
            Close("max_error", metrics.MaximumError);
            Close("mape", metrics.MeanAbsolutePercentageError);
            Close("r2", metrics.R2());
            Close("r2_not_forced_finite", metrics.R2(forceFinite: false));
            Close("explained_variance", metrics.ExplainedVariance());
            Close("median_ae", leftMedian.Compute());
        }

        void Close(string key, double own)
        {
            double reference = expected[key]!.Number();
            Assert.True(reference.Equals(own) || Math.Abs(reference - own) <= 1e-12 * Math.Abs(reference), $"{key}: {own:r}, {reference:r} expected");
        }
    }

    [Fact]
    public void Constants_have_no_variance_to_explain()
    {
        RegressionMetrics perfect = Of([3, 3, 3], [3, 3, 3]), wrong = Of([3, 3, 3], [3, 3, 4]), one = Of([3], [3]);
        Assert.Equal((1, 1), (perfect.R2(), perfect.ExplainedVariance()));
        Assert.Equal((0, 0), (wrong.R2(), wrong.ExplainedVariance()));
        Assert.True(double.IsNaN(perfect.R2(forceFinite: false)));
        Assert.Equal(double.NegativeInfinity, wrong.R2(forceFinite: false));
        Assert.True(double.IsNaN(one.R2()));
        // A constant offset costs nothing in the explained variance.
        Assert.Equal(1, Of([1, 2, 4], [2, 3, 5]).ExplainedVariance(), 12);
        Assert.Equal(-1, Of([1, 2, 4], [2, 3, 5]).MeanError, 12);
    }

    [Fact]
    public void Far_from_zero_nothing_cancels()
    {
        double[] near = Drawn.Scores(50, 6, 1), guesses = Drawn.Scores(50, 6, 2);
        double expected = Of(near, guesses).R2();
        Assert.Equal(expected, Of([.. near.Select(value => value + 1e8)], [.. guesses.Select(value => value + 1e8)]).R2(), 1e-7);
    }

    [Fact]
    public void Weighted_medians()
    {
        Assert.Equal(2.5, Median([1, 2, 3, 4], [1, 1, 1, 1]));
        Assert.Equal(2, Median([1, 2, 3], [1, 1, 1]));
        Assert.Equal(3, Median([1, 2, 3], [1, 1, 9]));
        Assert.Equal(1.5, Median([1, 5, 2], [2, 0, 2]));

        static double Median(double[] errors, double[] weights)
        {
            MedianErrorAccumulator accumulator = new();
            for (int i = 0; i < errors.Length; i++) accumulator.Add(0, errors[i], weights[i]);
            return accumulator.Compute();
        }
    }

    [Fact]
    public void Bad_rows_are_named()
    {
        RegressionAccumulator accumulator = new();
        accumulator.Add(1, 2);
        Assert.StartsWith("Row 1: the predicted value must be finite; received NaN.", Assert.Throws<ArgumentException>(() => accumulator.Add(1, double.NaN)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Add(double.PositiveInfinity, 1));
        Assert.Throws<ArgumentException>(() => accumulator.AddRange([1, 2], [1]));
        Assert.Throws<ArgumentException>(() => new MedianErrorAccumulator().Add(1, double.NaN));
        Assert.Throws<InvalidOperationException>(() => new RegressionAccumulator().Compute());
        Assert.Throws<InvalidOperationException>(() => new MedianErrorAccumulator().Compute());
        Assert.Equal(1, accumulator.Compute().Rows);
    }

    private static RegressionMetrics Of(double[] actual, double[] predicted)
    {
        RegressionAccumulator accumulator = new();
        accumulator.AddRange(actual, predicted);
        return accumulator.Compute();
    }
}
