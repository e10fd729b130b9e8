using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class ProbabilityTests
{
    [Theory]
    [InlineData("uniform_ties")]
    [InlineData("rows_not_summing_to_one")]
    public void Equals_the_reference(string name)
    {
        JsonNode @case = MetricFixture.Case("classification", name), expected = @case["expected"]!;
        double[][] rows = @case["inputs"]!["probabilities"]!.Rows();
        int[] actual = @case["inputs"]!["y_true"]!.Ints();
        ProbabilityMetrics metrics = Of(rows, actual).Compute();
        Assert.Equal(expected["log_loss"]!.Number(), metrics.LogLoss, 12);
        Assert.Equal(expected["brier_sum_over_classes"]!.Number(), metrics.BrierScore, 12);
        foreach ((string k, JsonNode? accuracy) in expected["top_k_accuracy_sklearn"]!.AsObject()) Assert.Equal(accuracy!.Number(), metrics.TopKAccuracy(int.Parse(k)), 12);
        double[] mlNet = expected["mlnet"]!["top_k_accuracy"]!.Numbers();
        for (int k = 1; k <= mlNet.Length; k++) Assert.Equal(mlNet[k - 1], metrics.TopKAccuracy(k, TopKTies.LowerIndexFirst), 12);
        MulticlassScoreAccumulator scores = new(rows[0].Length);
        for (int i = 0; i < rows.Length; i++) scores.Add(rows[i], actual[i]);
        Assert.Equal(expected["average_precision_micro"]!.Number(), scores.Compute().AveragePrecisionMicro, 12);
        Assert.Equal(expected["average_precision_macro"]!.Number(), scores.Compute().AveragePrecision(), 12);
        if (name == "uniform_ties")
        {
            Assert.Equal(expected["roc_auc_ovr_macro"]!.Number(), scores.Compute().OneVsRestRocAuc(), 12);
            Assert.Equal(expected["roc_auc_ovo_weighted"]!.Number(), scores.Compute().OneVsOneRocAuc(ClassAveraging.Weighted), 12);
            Assert.Equal((0, null), (metrics.RowsNotSummingToOne, metrics.FirstRowNotSummingToOne));
            return;
        }
        int first = Array.FindIndex(rows, row => Math.Abs(row.Sum() - 1) > 1e-6);
        Assert.Equal((rows.Count(row => Math.Abs(row.Sum() - 1) > 1e-6), first), (metrics.RowsNotSummingToOne, metrics.FirstRowNotSummingToOne));
        Assert.Contains($"row {first} ", Assert.Throws<InvalidOperationException>(() => scores.Compute().OneVsRestRocAuc()).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => scores.Compute().OneVsOneRocAuc());
    }

    [Fact]
    public void Of_two_classes_both_against_the_rest_are_the_binary_area()
    {
        double[][] rows = Drawn.Probabilities(50, 2, 1);
        int[] actual = Drawn.Classes(50, 2, 2);
        MulticlassScoreAccumulator several = new(2);
        BinaryScoreAccumulator binary = new();
        for (int i = 0; i < 50; i++)
        {
            several.Add(rows[i], actual[i]);
            binary.Add(actual[i] == 1, rows[i][1]);
        }
        Assert.Equal(binary.Compute().RocAuc, several.Compute().OneVsRestRocAuc(), 12);
        Assert.Equal(binary.Compute().RocAuc, several.Compute().OneVsOneRocAuc(ClassAveraging.Weighted), 12);
    }

    [Fact]
    public void Merged_parts_are_the_whole()
    {
        double[][] rows = Drawn.Probabilities(90, 4, 3);
        rows[70] = [0.5, 0.5, 0.5, 0.5];
        int[] actual = Drawn.Classes(90, 4, 4);
        ProbabilityAccumulator whole = Of(rows, actual), left = Of(rows[..30], actual[..30]);
        left.Merge(Of(rows[30..], actual[30..]));
        (ProbabilityMetrics a, ProbabilityMetrics b) = (whole.Compute(), left.Compute());
        Assert.Equal(a.LogLoss, b.LogLoss, 13);
        Assert.Equal(a.BrierScoreHalf, b.BrierScoreHalf, 13);
        Assert.Equal((a.RowsNotSummingToOne, a.FirstRowNotSummingToOne), (b.RowsNotSummingToOne, b.FirstRowNotSummingToOne));
        Assert.Equal(70, b.FirstRowNotSummingToOne);
        for (int k = 1; k <= 5; k++) Assert.Equal(a.TopKAccuracy(k), b.TopKAccuracy(k));
        Assert.Equal(1, b.TopKAccuracy(4));
        Assert.Equal(ClassificationAccumulatorTests.Figures(a.Labels), ClassificationAccumulatorTests.Figures(b.Labels));
        MulticlassScoreAccumulator wholeScores = new(4), leftScores = new(4), rightScores = new(4);
        MlNetMulticlassAccumulator wholeMlNet = new(4), leftMlNet = new(4), rightMlNet = new(4);
        for (int i = 0; i < 90; i++)
        {
            if (i == 70) continue;
            float[] row = [.. rows[i].Select(value => (float)value)];
            wholeScores.Add(row, actual[i]);
            wholeMlNet.Add(row, actual[i]);
            (i < 30 ? leftScores : rightScores).Add(rows[i], actual[i]);
            (i < 30 ? leftMlNet : rightMlNet).Add(row, actual[i]);
        }
        leftScores.Merge(rightScores);
        leftMlNet.Merge(rightMlNet);
        Assert.Equal(wholeScores.Compute().OneVsRestRocAuc(), leftScores.Compute().OneVsRestRocAuc(), 13);
        Assert.Equal(wholeScores.Compute().OneVsOneRocAuc(), leftScores.Compute().OneVsOneRocAuc(), 13);
        Assert.Equal(wholeMlNet.Compute().LogLossReduction, leftMlNet.Compute().LogLossReduction, 13);
        Assert.Equal(wholeMlNet.Compute().TopKAccuracies, leftMlNet.Compute().TopKAccuracies);
    }

    [Fact]
    public void A_label_outside_the_classes_counts_as_ml_net_counts_it()
    {
        JsonNode @case = MetricFixture.Case("classification", "mlnet_label_outside_score_columns"), expected = @case["expected"]!["mlnet"]!;
        MlNetMulticlassAccumulator accumulator = new(3);
        foreach ((double[] row, int actual) in @case["inputs"]!["probabilities"]!.Rows().Zip(@case["inputs"]!["y_true"]!.Ints())) accumulator.Add([.. row.Select(value => (float)value)], actual);
        MlNetMulticlassMetrics metrics = accumulator.Compute();
        Assert.Equal(expected["log_loss"]!.Number(), metrics.LogLoss, 12);
        Assert.Equal(expected["log_loss_reduction"]!.Number(), metrics.LogLossReduction, 12);
        Assert.Equal(expected["macro_accuracy"]!.Number(), metrics.MacroAccuracy, 12);
        Assert.Equal(expected["top_k_accuracy"]!.Numbers(), metrics.TopKAccuracies);
        Assert.Equal(expected["top_k_accuracy"]![1]!.Number(), metrics.TopKAccuracy(2));
    }

    [Fact]
    public void Logits_are_put_through_a_softmax()
    {
        ProbabilityAccumulator logits = new(2), probabilities = new(2);
        logits.AddLogits([1000 + Math.Log(3), 1000], 0);
        logits.AddLogits([0f, 0f], 1);
        probabilities.Add([0.75, 0.25], 0);
        probabilities.Add([0.5, 0.5], 1);
        Assert.Equal(probabilities.Compute().LogLoss, logits.Compute().LogLoss, 12);
        Assert.Equal(0.5, logits.Compute().Labels.Accuracy);
        Assert.Equal(0, logits.Compute().RowsNotSummingToOne);
        Assert.Throws<ArgumentException>(() => logits.AddLogits([double.NaN, 0], 0));
    }

    [Fact]
    public void Clipping_is_an_option()
    {
        ProbabilityAccumulator defaults = new(2), coarse = new(2, new ProbabilityOptions { Epsilon = 1e-3 });
        defaults.Add([1.0, 0.0], 1);
        coarse.Add([1.0, 0.0], 1);
        Assert.Equal(-Math.Log(2.220446049250313e-16), defaults.Compute().LogLoss, 12);
        Assert.Equal(-Math.Log(1e-3), coarse.Compute().LogLoss, 12);
    }

    [Fact]
    public void Bad_rows_are_named()
    {
        ProbabilityAccumulator accumulator = new(3);
        accumulator.Add([0.2f, 0.3f, 0.5f], 2);
        Assert.StartsWith("Row 1: the probability must be from 0 to 1; received NaN.", Assert.Throws<ArgumentException>(() => accumulator.Add([0.5, double.NaN, 0.5], 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Add([0.5, -0.1, 0.6], 0));
        Assert.StartsWith("Row 1: there must be 3 probabilities; received 2.", Assert.Throws<ArgumentException>(() => accumulator.Add([0.5, 0.5], 0)).Message, StringComparison.Ordinal);
        Assert.StartsWith("Row 1: the actual class", Assert.Throws<ArgumentException>(() => accumulator.Add([0.5, 0.5, 0], 3)).Message, StringComparison.Ordinal);
        Assert.Equal(1, accumulator.Compute().Rows);
        // Float32 rows are judged by their own precision.
        Assert.Equal(0, accumulator.Compute().RowsNotSummingToOne);
        MulticlassScoreAccumulator one = new(3);
        one.Add([0.2, 0.3, 0.5], 2);
        Assert.True(double.IsNaN(one.Compute().OneVsOneRocAuc()));
        Assert.Throws<InvalidOperationException>(() => one.Compute().OneVsOneRocAuc(ClassAveraging.Weighted));
        Assert.Throws<ArgumentException>(() => one.Add([double.PositiveInfinity, 0, 0], 0));
        Assert.Throws<ArgumentException>(() => new MlNetMulticlassAccumulator(2).Add([float.NaN, 1], 0));
    }

    private static ProbabilityAccumulator Of(double[][] rows, int[] actual)
    {
        ProbabilityAccumulator accumulator = new(rows[0].Length);
        for (int i = 0; i < rows.Length; i++) accumulator.Add(rows[i], actual[i]);
        return accumulator;
    }
}
