using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class CalibrationTests
{
    [Fact]
    public void Counts_by_hand()
    {
        CalibrationAccumulator accumulator = new(2);
        accumulator.Add(0.5, true);     // the upper edge of the first bin belongs to it
        accumulator.Add(0.25, false);
        accumulator.Add(0.75, true);
        accumulator.Add(0, false);      // in no bin, but a row
        CalibrationMetrics metrics = accumulator.Compute();
        Assert.Equal(new CalibrationBin(0, 0.5, 2, 0.5, 0.375), metrics.Bins[0]);
        Assert.Equal(new CalibrationBin(0.5, 1, 1, 1, 0.75), metrics.Bins[1]);
        Assert.Equal((2 * 0.125 / 4) + (0.25 / 4), metrics.ExpectedCalibrationError, 15);
        Assert.Equal(0.25, metrics.MaximumCalibrationError);
        Assert.Equal(new CalibrationBin(0, 0.1, 0, null, null), new CalibrationAccumulator(10).With(0.35).Compute().Bins[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(15)]
    [InlineData(49)]
    public void A_confidence_on_an_edge_is_in_the_bin_below(int bins)
    {
        for (int edge = 1; edge <= bins; edge++)
        {
            CalibrationAccumulator at = new CalibrationAccumulator(bins).With((double)edge / bins);
            Assert.Equal(1, at.Compute().Bins[edge - 1].Weight);
            if (edge == bins) continue;
            CalibrationAccumulator above = new CalibrationAccumulator(bins).With(Math.BitIncrement((double)edge / bins));
            Assert.Equal(1, above.Compute().Bins[edge].Weight);
        }
    }

    [Fact]
    public void Equals_the_reference()
    {
        JsonNode @case = MetricFixture.Case("classification", "confidences_on_bin_edges"), expected = @case["expected"]!;
        double[][] rows = @case["inputs"]!["probabilities"]!.Rows();
        int[] actual = @case["inputs"]!["y_true"]!.Ints();
        foreach (int bins in new[] { 10, 15 })
        {
            CalibrationAccumulator equalWidth = new(bins), left = new(bins), right = new(bins);
            AdaptiveCalibrationAccumulator equalCounts = new(bins), leftCounts = new(bins), rightCounts = new(bins);
            ClasswiseCalibrationAccumulator classwise = new(2, bins), leftClasses = new(2, bins), rightClasses = new(2, bins);
            for (int i = 0; i < rows.Length; i++)
            {
                equalWidth.Add(rows[i], actual[i]);
                equalCounts.Add(rows[i], actual[i]);
                classwise.Add(rows[i], actual[i]);
                (i < 9 ? left : right).Add(rows[i], actual[i]);
                (i < 9 ? leftCounts : rightCounts).Add(rows[i], actual[i]);
                (i < 9 ? leftClasses : rightClasses).Add(rows[i], actual[i]);
            }
            left.Merge(right);
            leftCounts.Merge(rightCounts);
            leftClasses.Merge(rightClasses);
            string key = $"{bins}";
            foreach (CalibrationMetrics metrics in new[] { equalWidth.Compute(), left.Compute() })
            {
                Assert.Equal(expected["calibration"]![key]!["ece"]!.Number(), metrics.ExpectedCalibrationError, 12);
                Assert.Equal(expected["calibration"]![key]!["mce"]!.Number(), metrics.MaximumCalibrationError, 12);
            }
            foreach (CalibrationMetrics metrics in new[] { equalCounts.Compute(), leftCounts.Compute() }) Assert.Equal(expected["adaptive_calibration"]![key]!["ece"]!.Number(), metrics.ExpectedCalibrationError, 12);
            foreach (ClasswiseCalibrationMetrics metrics in new[] { classwise.Compute(), leftClasses.Compute() }) Assert.Equal(expected["classwise_ece"]![key]!["mean"]!.Number(), metrics.ExpectedCalibrationError, 12);
        }
    }

    [Fact]
    public void Bad_rows_are_named()
    {
        CalibrationAccumulator accumulator = new();
        Assert.Equal(15, accumulator.Bins);
        Assert.StartsWith("Row 0: the confidence must be from 0 to 1; received 1.25.", Assert.Throws<ArgumentException>(() => accumulator.Add(1.25, true)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Add([0.5, double.NaN], 0));
        Assert.Throws<ArgumentException>(() => accumulator.Add([0.5, 0.5], 2));
        Assert.Throws<ArgumentException>(() => accumulator.Merge(new CalibrationAccumulator(3)));
        Assert.Throws<ArgumentException>(() => new AdaptiveCalibrationAccumulator().Add(double.NaN, true));
        Assert.Throws<ArgumentException>(() => new ClasswiseCalibrationAccumulator(2).Add([1.0], 0));
        Assert.Throws<InvalidOperationException>(() => accumulator.Compute());
        Assert.Throws<InvalidOperationException>(() => new AdaptiveCalibrationAccumulator().Compute());
        Assert.Throws<ArgumentOutOfRangeException>(() => new CalibrationAccumulator(0));
    }
}

internal static class CalibrationRows
{
    public static CalibrationAccumulator With(this CalibrationAccumulator accumulator, double confidence)
    {
        accumulator.Add(confidence, true);
        return accumulator;
    }
}
