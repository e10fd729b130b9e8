using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class BinaryScoreTests
{
    [Fact]
    public void Area_is_the_share_of_pairs_in_the_right_order()
    {
        bool[] positive = [.. Drawn.Classes(120, 2, 1).Select(i => i == 1)];
        double[] scores = Drawn.Scores(120, 1, 2);
        double right = 0, pairs = 0;
        for (int i = 0; i < 120; i++)
        {
            for (int j = 0; j < 120; j++)
            {
                if (!positive[i] || positive[j]) continue;
                pairs++;
                right += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
            }
        }
        BinaryScoreMetrics metrics = Of(positive, scores);
        Assert.Equal(right / pairs, metrics.RocAuc, 12);
        Assert.Equal(metrics.RocAuc, metrics.PartialRocAuc(1));
        // Only the order counts, and the other way round the area is the rest.
        Assert.Equal(metrics.RocAuc, Of(positive, [.. scores.Select(score => Math.Exp(3 * score))]).RocAuc, 12);
        Assert.Equal(metrics.AveragePrecision, Of(positive, [.. scores.Select(score => Math.Exp(3 * score))]).AveragePrecision, 12);
        Assert.Equal(1 - metrics.RocAuc, Of(positive, [.. scores.Select(score => -score)]).RocAuc, 12);
    }

    [Theory]
    [InlineData("many_ties")]
    [InlineData("only_positives")]
    [InlineData("extreme_probabilities")]
    public void Equals_the_reference(string name)
    {
        JsonNode @case = MetricFixture.Case("classification", name), expected = @case["expected"]!;
        bool[] positive = @case["inputs"]!["y_true"]!.Bits();
        double[] values = @case["inputs"]!["scores"]!.Numbers();
        BinaryScoreMetrics metrics = Of(positive, values);
        Assert.Equal(expected["roc_auc"]!.Number(), metrics.RocAuc, 12);
        Assert.Equal(expected["average_precision"]!.Number(), metrics.AveragePrecision, 12);
        Assert.Equal(expected["pr_auc_trapezoid"]!.Number(), metrics.PrecisionRecallAuc, 12);
        if (expected["roc_auc_max_fpr_0.2"] is { } partial) Assert.Equal(partial.Number(), metrics.PartialRocAuc(0.2), 12);
        foreach ((string key, bool drop) in new[] { ("roc_curve", false), ("roc_curve_drop_intermediate", true) })
        {
            RocCurve curve = metrics.RocCurve(drop);
            Assert.Equal(expected[key]!["fpr"]!.Numbers(), curve.FalsePositiveRate, Close);
            Assert.Equal(expected[key]!["tpr"]!.Numbers(), curve.TruePositiveRate, Close);
            Assert.Equal(expected[key]!["thresholds"]!.Numbers(), curve.Thresholds);
        }
        Assert.Equal(expected["pr_curve"]!["precision"]!.Numbers(), metrics.PrecisionRecallCurve().Precision, Close);
        Assert.Equal(expected["pr_curve"]!["recall"]!.Numbers(), metrics.PrecisionRecallCurve().Recall, Close);
        Assert.Equal(expected["pr_curve"]!["thresholds"]!.Numbers(), metrics.PrecisionRecallCurve().Thresholds);
        BinaryProbabilityAccumulator probabilities = new();
        probabilities.AddRange(positive, values);
        Assert.Equal(expected["log_loss"]!.Number(), probabilities.Compute().LogLoss, 12);
        Assert.Equal(expected["brier"]!.Number(), probabilities.Compute().BrierScore, 12);

        static bool Close(double x, double y) => x.Equals(y) || Math.Abs(x - y) < 1e-12;
    }

    [Fact]
    public void Merged_parts_are_the_whole_and_a_weight_is_a_repetition()
    {
        bool[] positive = [.. Drawn.Classes(60, 2, 3).Select(i => i == 1)];
        double[] scores = Drawn.Scores(60, 1, 4), weights = [.. Drawn.Classes(60, 3, 5).Select(i => (double)i)];
        BinaryScoreAccumulator whole = new(), left = new(), right = new(), repeated = new();
        BinaryProbabilityAccumulator wholeLoss = new(), leftLoss = new(), rightLoss = new();
        whole.AddRange(positive, scores, weights);
        wholeLoss.AddRange(positive, scores, weights);
        for (int i = 0; i < 60; i++)
        {
            (i < 25 ? left : right).Add(positive[i], scores[i], weights[i]);
            (i < 25 ? leftLoss : rightLoss).Add(positive[i], scores[i], weights[i]);
            for (int j = 0; j < weights[i]; j++) repeated.Add(positive[i], scores[i]);
        }
        left.Merge(right);
        leftLoss.Merge(rightLoss);
        foreach (BinaryScoreMetrics metrics in new[] { left.Compute(), repeated.Compute() })
        {
            Assert.Equal(whole.Compute().RocAuc, metrics.RocAuc, 13);
            Assert.Equal(whole.Compute().AveragePrecision, metrics.AveragePrecision, 13);
            Assert.Equal(whole.Compute().PartialRocAuc(0.3), metrics.PartialRocAuc(0.3), 13);
        }
        Assert.Equal(wholeLoss.Compute().LogLoss, leftLoss.Compute().LogLoss, 13);
        Assert.Equal(wholeLoss.Compute().BrierScore, leftLoss.Compute().BrierScore, 13);
        Assert.Equal(wholeLoss.Compute().PositiveRate, leftLoss.Compute().PositiveRate, 13);
        Assert.Equal(60, leftLoss.Compute().Rows);
    }

    [Fact]
    public void Bad_rows_are_named_and_nothing_is_refused()
    {
        BinaryScoreAccumulator scores = new();
        scores.Add(true, -3e7);
        Assert.StartsWith("Row 1: the score must be finite; received NaN.", Assert.Throws<ArgumentException>(() => scores.Add(true, double.NaN)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => scores.Add(true, double.NegativeInfinity));
        Assert.Throws<ArgumentException>(() => scores.AddRange([true, false], [0.5]));
        Assert.True(double.IsNaN(scores.Compute().RocAuc));
        Assert.Throws<ArgumentOutOfRangeException>(() => scores.Compute().PartialRocAuc(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => scores.Compute().PartialRocAuc(1.1));
        BinaryProbabilityAccumulator probabilities = new();
        Assert.StartsWith("Row 0: the probability must be from 0 to 1; received 1.5.", Assert.Throws<ArgumentException>(() => probabilities.Add(true, 1.5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => probabilities.Add(true, double.NaN));
        Assert.Throws<InvalidOperationException>(() => new BinaryScoreAccumulator().Compute());
        Assert.Throws<InvalidOperationException>(() => probabilities.Compute());
        BinaryScoreAccumulator weightless = new();
        weightless.Add(true, 1, 0);
        Assert.Throws<InvalidOperationException>(() => weightless.Compute());
    }

    private static BinaryScoreMetrics Of(bool[] positive, double[] scores)
    {
        BinaryScoreAccumulator accumulator = new();
        accumulator.AddRange(positive, scores);
        return accumulator.Compute();
    }
}
