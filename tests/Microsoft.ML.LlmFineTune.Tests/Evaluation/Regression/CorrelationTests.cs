using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class CorrelationTests
{
    [Theory]
    [InlineData("random_n60_round0")]
    [InlineData("tiny_values")]
    [InlineData("infinite_prediction")]
    public void Equals_the_reference(string name)
    {
        JsonNode @case = MetricFixture.Case("regression", name), expected = @case["expected"]!;
        CorrelationMetrics metrics = Of(@case["inputs"]!["y_true"]!.Numbers(), @case["inputs"]!["y_pred"]!.Numbers());
        Assert.Equal(expected["pearson"]!.Number(), metrics.Pearson, 12);
        Assert.Equal(expected["spearman"]!.Number(), metrics.Spearman, 12);
        Assert.Equal(expected["kendall_tau_b"]!.Number(), metrics.KendallTauB, 12);
        Assert.Equal(expected["kendall_tau_c"]!.Number(), metrics.KendallTauC, 12);
        Assert.Equal(expected["ranks_true"]!.Numbers(), metrics.ActualRanks);
        Assert.Equal(expected["ranks_pred"]!.Numbers(), metrics.PredictedRanks);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(17, 1)]
    [InlineData(64, 2)]
    [InlineData(101, 1)]
    public void Tau_is_what_counting_all_pairs_gives(int rows, int digits)
    {
        double[] x = Drawn.Scores(rows, digits, rows), y = Drawn.Scores(rows, digits, rows + 1);
        double balance = 0, untiedX = 0, untiedY = 0;
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < i; j++)
            {
                balance += Math.Sign(x[i] - x[j]) * Math.Sign(y[i] - y[j]);
                if (x[i] != x[j]) untiedX++;
                if (y[i] != y[j]) untiedY++;
            }
        }
        Assert.Equal(balance / Math.Sqrt(untiedX * untiedY), Of(x, y).KendallTauB, 12);
        double fewest = Math.Min(x.Distinct().Count(), y.Distinct().Count());
        Assert.Equal(2 * balance / (rows * (double)rows * (fewest - 1) / fewest), Of(x, y).KendallTauC, 12);
    }

    [Fact]
    public void Ranks_ignore_scales_and_every_coefficient_ignores_the_order_of_rows()
    {
        double[] x = Drawn.Scores(40, 1, 1), y = Drawn.Scores(40, 1, 2);
        (CorrelationMetrics plain, CorrelationMetrics bent, CorrelationMetrics reversed) = (Of(x, y), Of([.. x.Select(Math.Exp)], [.. y.Select(value => value * value * value)]), Of([.. x.Reverse()], [.. y.Reverse()]));
        Assert.Equal(plain.Spearman, bent.Spearman, 13);
        Assert.Equal(plain.KendallTauB, bent.KendallTauB);
        Assert.Equal(plain.KendallTauB, reversed.KendallTauB);
        Assert.Equal(plain.Pearson, reversed.Pearson, 13);
        Assert.Equal(plain.Pearson, Of([.. x.Select(value => (3e150 * value) - 7)], y).Pearson, 12);
        Assert.Equal(-plain.Spearman, Of([.. x.Select(value => -value)], y).Spearman, 13);
        CorrelationAccumulator left = new(), right = new();
        left.AddRange(x.AsSpan(0, 11), y.AsSpan(0, 11));
        right.AddRange(x.AsSpan(11), y.AsSpan(11));
        left.Merge(right);
        Assert.Equal(plain.Pearson, left.Compute().Pearson);
        Assert.Equal(plain.ActualRanks, left.Compute().ActualRanks);
    }

    [Fact]
    public void What_is_not_defined_is_nan_and_too_few_rows_are_refused()
    {
        CorrelationMetrics constant = Of([1, 1, 1], [1, 2, 3]), missing = Of([1, 2, 3], [1, double.NaN, 3]), single = Of([1], [2]), none = Of([], []);
        Assert.All([constant.Pearson, constant.Spearman, constant.KendallTauB, constant.KendallTauC], value => Assert.True(double.IsNaN(value)));
        Assert.All([missing.Pearson, missing.Spearman, missing.KendallTauB, missing.KendallTauC], value => Assert.True(double.IsNaN(value)));
        Assert.All([single.Spearman, single.KendallTauB, none.Spearman, none.KendallTauC], value => Assert.True(double.IsNaN(value)));
        Assert.Throws<InvalidOperationException>(() => single.Pearson);
        Assert.Throws<InvalidOperationException>(() => none.Pearson);
        Assert.Throws<ArgumentException>(() => Of([1, 2], [1]));
        Assert.Equal([1.5, 1.5, 3], Of([2, 2, 5], [1, 2, 3]).ActualRanks);
    }

    private static CorrelationMetrics Of(double[] actual, double[] predicted)
    {
        CorrelationAccumulator accumulator = new();
        accumulator.AddRange(actual, predicted);
        return accumulator.Compute();
    }
}
