using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class MultiLabelTests
{
    [Theory]
    [InlineData("weighted_rows")]
    [InlineData("rows_with_no_and_with_all_labels")]
    public void Equals_the_reference_in_one_go_and_merged(string name)
    {
        JsonNode @case = MetricFixture.Case("multilabel", name), expected = @case["expected"]!;
        bool[][] actual = [.. @case["inputs"]!["y_true"]!.AsArray().Select(row => row!.Bits())];
        double[][] scores = @case["inputs"]!["scores"]!.Rows();
        double[]? weights = @case["inputs"]!["sample_weight"]?.Numbers();
        int labels = actual[0].Length;
        foreach (int cut in new[] { 0, actual.Length / 3 })
        {
            MultiLabelOptions options = new() { Threshold = @case["options"]!["threshold"]!.Number(), ZeroDivision = ZeroDivision.One };
            MultiLabelAccumulator left = new(labels, options), right = new(labels, options);
            LabelRankingAccumulator leftRanking = new(), rightRanking = new();
            MultiLabelScoreAccumulator leftScores = new(labels), rightScores = new(labels);
            for (int i = 0; i < actual.Length; i++)
            {
                double weight = weights?[i] ?? 1;
                (i < cut ? left : right).Add(actual[i], scores[i], weight);
                (i < cut ? leftRanking : rightRanking).Add(actual[i], scores[i], weight);
                (i < cut ? leftScores : rightScores).Add(actual[i], scores[i], weight);
            }
            left.Merge(right);
            leftRanking.Merge(rightRanking);
            leftScores.Merge(rightScores);
            MultiLabelMetrics metrics = left.Compute();
            Assert.Equal(expected["subset_accuracy"]!.Number(), metrics.SubsetAccuracy, 12);
            Assert.Equal(expected["hamming_loss"]!.Number(), metrics.HammingLoss, 12);
            foreach ((string average, AverageScores own) in new[] { ("micro", metrics.Micro), ("macro", metrics.Macro), ("weighted", metrics.Weighted), ("samples", metrics.Samples) })
            {
                JsonNode figures = expected["zero_division_1"]![average]!;
                Assert.Equal([figures["precision"]!.Number(), figures["recall"]!.Number(), figures["f1"]!.Number(), figures["jaccard"]!.Number()], [own.Precision, own.Recall, own.FScore, own.Jaccard], (x, y) => Math.Abs(x - y) < 1e-12);
            }
            LabelRankingMetrics ranking = leftRanking.Compute();
            Assert.Equal(expected["label_ranking_average_precision"]!.Number(), ranking.AveragePrecision, 12);
            Assert.Equal(expected["coverage_error"]!.Number(), ranking.CoverageError, 12);
            Assert.Equal(expected["label_ranking_loss"]!.Number(), ranking.RankingLoss, 12);
            MultiLabelScoreMetrics areas = leftScores.Compute();
            Assert.Equal(expected["roc_auc_weighted"]!.Number(), areas.RocAuc(ClassAveraging.Weighted), 12);
            Assert.Equal(expected["roc_auc_micro"]!.Number(), areas.Micro.RocAuc, 12);
            Assert.Equal(expected["roc_auc_samples"]!.Number(), areas.RocAucSamples, 12);
            Assert.Equal(expected["average_precision_samples"]!.Number(), areas.AveragePrecisionSamples, 12);
        }
    }

    [Fact]
    public void Counts_by_hand()
    {
        MultiLabelAccumulator accumulator = new(2, labelNames: ["sport", "music"]);
        accumulator.Add([true, false], [true, true]);
        accumulator.Add([true, true], [0.5, 0.49]);   // at the threshold is predicted
        MultiLabelMetrics metrics = accumulator.Compute();
        Assert.Equal(0, metrics.SubsetAccuracy);
        Assert.Equal(0.5, metrics.HammingLoss);
        Assert.Equal([new LabelCounts(0, 0, 0, 2), new LabelCounts(0, 1, 1, 0)], metrics.Counts);
        Assert.Equal(0.75, metrics.Samples.Precision);
        Assert.Equal(["sport", "music"], metrics.LabelNames);
    }

    [Fact]
    public void Undefined_rows_are_left_out_where_that_is_asked_for()
    {
        MultiLabelAccumulator accumulator = new(2, new MultiLabelOptions { ZeroDivision = ZeroDivision.NaN });
        accumulator.Add([true, false], [false, false]);
        Assert.True(double.IsNaN(accumulator.Compute().Samples.Precision));
        accumulator.Add([true, false], [true, false]);
        Assert.Equal(1, accumulator.Compute().Samples.Precision);
        Assert.Equal(0.5, accumulator.Compute().Samples.Recall);
    }

    [Fact]
    public void Bad_rows_are_named()
    {
        MultiLabelAccumulator accumulator = new(2);
        accumulator.Add([true, false], [0.1, 0.9]);
        Assert.StartsWith("Row 1: the score must be finite; received NaN.", Assert.Throws<ArgumentException>(() => accumulator.Add([true, false], [0.1, double.NaN])).Message, StringComparison.Ordinal);
        Assert.StartsWith("Row 1: there must be 2 actual labels; received 1.", Assert.Throws<ArgumentException>(() => accumulator.Add([true], [true, false])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Add([true, false], [0.1]));
        Assert.Throws<ArgumentException>(() => new LabelRankingAccumulator().Add([true], [double.NaN]));
        Assert.Throws<ArgumentException>(() => new MultiLabelScoreAccumulator(2).Add([true, false], [0.5]));
        Assert.Throws<ArgumentException>(() => accumulator.Merge(new MultiLabelAccumulator(2, new MultiLabelOptions { Beta = 2 })));
        Assert.Throws<InvalidOperationException>(() => new MultiLabelAccumulator(2).Compute());
        Assert.Throws<InvalidOperationException>(() => new LabelRankingAccumulator().Compute());
        Assert.Throws<InvalidOperationException>(() => new MultiLabelScoreAccumulator(2).Compute());
        Assert.Equal(1, accumulator.Compute().Rows);
    }
}
