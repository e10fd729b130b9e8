using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class ClassificationAccumulatorTests
{
    [Fact]
    public void Counts_by_hand()
    {
        ClassificationAccumulator accumulator = new(3, ["red", "green", "blue"]);
        accumulator.AddRange([0, 1, 2, 2], [0, 0, 2, 1]);
        ClassificationMetrics metrics = accumulator.Compute();
        Assert.Equal(4, metrics.Rows);
        Assert.Equal(0.5, metrics.Accuracy);
        Assert.Equal((1 + 0 + 0.5) / 3, metrics.BalancedAccuracy, 15);
        Assert.Equal((0.5 - (1.0 / 3)) / (2.0 / 3), metrics.AdjustedBalancedAccuracy, 15);
        Assert.Equal(new ClassScores(0.5, 1, 2.0 / 3, 0.5, 1), metrics.PerClass[0]);
        Assert.Equal(new ClassScores(0, 0, 0, 0, 1), metrics.PerClass[1]);
        Assert.Equal(new ClassScores(1, 0.5, 2.0 / 3, 0.5, 2), metrics.PerClass[2]);
        Assert.Equal(4.0 / 9, metrics.Macro.FScore, 15);
        Assert.Equal(0.5, metrics.Micro.FScore);
        Assert.Equal((1 + 0 + 0.5 + 0.5) / 4, metrics.Weighted.Recall, 15);
        Assert.Equal(["red", "green", "blue"], metrics.ClassNames);
        Assert.Equal(1, metrics.ConfusionMatrix[1, 0]);
        Assert.Equal(0.5, metrics.ConfusionMatrix.Normalize(ConfusionNormalization.Actual)[2, 1]);
        Assert.Equal(0.5, metrics.ConfusionMatrix.Normalize(ConfusionNormalization.Predicted)[1, 0]);
        Assert.Equal(0.25, metrics.ConfusionMatrix.Normalize(ConfusionNormalization.All)[1, 0]);
    }

    [Fact]
    public void Kappa_and_correlation_by_hand()
    {
        // po = 0.7, pe = 0.5 * 0.6 + 0.5 * 0.4 = 0.5
        ConfusionMatrix matrix = new(new double[,] { { 20, 5 }, { 10, 15 } });
        Assert.Equal(0.4, matrix.CohenKappa(), 14);
        Assert.Equal(0.4, matrix.CohenKappa(KappaWeighting.Quadratic), 14);
        Assert.Equal(((20 * 15) - (5 * 10)) / Math.Sqrt(25.0 * 25 * 30 * 20), matrix.MatthewsCorrelation(), 14);
    }

    [Fact]
    public void Merged_and_permuted_parts_are_the_whole()
    {
        int[] actual = Drawn.Classes(200, 5, 1), predicted = Drawn.Classes(200, 5, 2);
        double[] weights = [.. Drawn.Scores(200, 1, 3).Select(weight => weight * 8)];
        ClassificationAccumulator whole = new(5), left = new(5), right = new(5);
        whole.AddRange(actual, predicted, weights);
        foreach (int i in Enumerable.Range(0, 200).Reverse()) (i % 3 == 0 ? left : right).Add(actual[i], predicted[i], weights[i]);
        left.Merge(right);
        Assert.Equal(200, left.Compute().Rows);
        Assert.Equal(Figures(whole.Compute()), Figures(left.Compute()), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void Names_of_classes_change_nothing_but_the_order()
    {
        int[] actual = Drawn.Classes(100, 4, 5), predicted = Drawn.Classes(100, 4, 6), renamed = [2, 0, 3, 1];
        ClassificationAccumulator one = new(4), other = new(4);
        one.AddRange(actual, predicted);
        other.AddRange([.. actual.Select(i => renamed[i])], [.. predicted.Select(i => renamed[i])]);
        (ClassificationMetrics a, ClassificationMetrics b) = (one.Compute(), other.Compute());
        Assert.Equal([a.Accuracy, a.BalancedAccuracy, a.MatthewsCorrelation, a.CohenKappa(), a.Macro.FScore, a.Weighted.Precision], [b.Accuracy, b.BalancedAccuracy, b.MatthewsCorrelation, b.CohenKappa(), b.Macro.FScore, b.Weighted.Precision], (x, y) => Math.Abs(x - y) < 1e-13);
        for (int i = 0; i < 4; i++) Assert.Equal(a.PerClass[i], b.PerClass[renamed[i]]);
        // Weighted kappa is about positions: their order counts.
        Assert.NotEqual(a.CohenKappa(KappaWeighting.Linear), b.CohenKappa(KappaWeighting.Linear), 6);
    }

    [Fact]
    public void Repeating_a_row_is_a_weight()
    {
        ClassificationAccumulator repeated = new(2), weighted = new(2);
        repeated.AddRange([0, 1, 1, 1, 0], [0, 1, 1, 0, 1]);
        weighted.AddRange([0, 1, 1, 0], [0, 1, 0, 1], [1, 2, 1, 1]);
        Assert.Equal(Figures(repeated.Compute()), Figures(weighted.Compute()));
    }

    [Theory]
    [InlineData("weights_with_zeros")]
    [InlineData("label_subset")]
    public void Equals_the_reference(string name)
    {
        JsonNode @case = MetricFixture.Case("classification", name), expected = @case["expected"]!;
        int[] actual = @case["inputs"]!["y_true"]!.Ints(), predicted = @case["inputs"]!["y_pred"]!.Ints();
        ClassificationAccumulator accumulator = new(actual.Concat(predicted).Max() + 1);
        accumulator.AddRange(actual, predicted, @case["inputs"]!["sample_weight"]?.Numbers());
        ClassificationMetrics metrics = accumulator.Compute(new ClassificationOptions { Beta = 2, ZeroDivision = ZeroDivision.NaN }, expected["labels"]!.Ints());
        Assert.Equal(expected["accuracy"]!.Number(), metrics.Accuracy, 12);
        Assert.Equal(expected["balanced_accuracy_adjusted"]!.Number(), metrics.AdjustedBalancedAccuracy, 12);
        Assert.Equal(expected["matthews_corrcoef"]!.Number(), metrics.MatthewsCorrelation, 12);
        Assert.Equal(expected["cohen_kappa_quadratic"]!.Number(), metrics.CohenKappa(KappaWeighting.Quadratic), 12);
        JsonNode scores = expected["zero_division_nan"]!["f2"]!;
        Assert.Equal(scores["per_class"]!["f"]!.Numbers(), metrics.PerClass.Select(own => own.FScore), Close);
        Assert.Equal(scores["per_class"]!["support"]!.Numbers(), metrics.PerClass.Select(own => own.Support), Close);
        Assert.Equal(scores["micro"]!["precision"]!.Number(), metrics.Micro.Precision, 12);
        Assert.Equal(scores["macro"]!["recall"]!.Number(), metrics.Macro.Recall, 12);
        Assert.Equal(scores["weighted"]!["f"]!.Number(), metrics.Weighted.FScore, 12);

        static bool Close(double x, double y) => x.Equals(y) || Math.Abs(x - y) < 1e-12;
    }

    [Fact]
    public void A_denominator_of_zero_gives_what_is_asked_for()
    {
        ClassificationAccumulator accumulator = new(3);
        accumulator.AddRange([0, 1], [0, 0]);
        ClassScores Of(ZeroDivision rule, int @class) => accumulator.Compute(new ClassificationOptions { ZeroDivision = rule }).PerClass[@class];
        Assert.Equal(new ClassScores(0, 0, 0, 0, 1), Of(ZeroDivision.Zero, 1));
        Assert.Equal(new ClassScores(1, 0, 0, 0, 1), Of(ZeroDivision.One, 1));
        Assert.Equal(new ClassScores(double.NaN, 0, 0, 0, 1), Of(ZeroDivision.NaN, 1));
        Assert.Equal(new ClassScores(double.NaN, double.NaN, double.NaN, double.NaN, 0), Of(ZeroDivision.NaN, 2));
        // Undefined classes are left out of the means.
        Assert.Equal(0.5, accumulator.Compute(new ClassificationOptions { ZeroDivision = ZeroDivision.NaN }).Macro.Recall);
    }

    [Fact]
    public void Bad_rows_are_named()
    {
        ClassificationAccumulator accumulator = new(2);
        accumulator.Add(0, 1);
        Assert.StartsWith("Row 1: the actual class must be at least 0 and less than 2; received 2.", Assert.Throws<ArgumentException>(() => accumulator.Add(2, 0)).Message, StringComparison.Ordinal);
        Assert.StartsWith("Row 1: the predicted class", Assert.Throws<ArgumentException>(() => accumulator.Add(0, -1)).Message, StringComparison.Ordinal);
        Assert.StartsWith("Row 1: the weight", Assert.Throws<ArgumentException>(() => accumulator.Add(0, 0, double.NaN)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Add(0, 0, -1));
        Assert.Throws<ArgumentException>(() => accumulator.AddRange([0, 1], [0]));
        Assert.Throws<ArgumentException>(() => accumulator.AddRange([0, 1], [0, 1], [1]));
        Assert.Throws<ArgumentException>(() => accumulator.Merge(new ClassificationAccumulator(3)));
        Assert.Equal(1, accumulator.Compute().Rows);
    }

    [Fact]
    public void Nothing_is_refused_and_so_are_wrong_selections()
    {
        Assert.Throws<InvalidOperationException>(() => new ClassificationAccumulator(2).Compute());
        ClassificationAccumulator weightless = new(2);
        weightless.Add(0, 0, 0);
        Assert.Throws<InvalidOperationException>(() => weightless.Compute());
        ClassificationAccumulator accumulator = new(3);
        accumulator.AddRange([0, 0], [0, 1]);
        Assert.Throws<ArgumentException>(() => accumulator.Compute(classes: [0, 0]));
        Assert.Throws<ArgumentException>(() => accumulator.Compute(classes: []));
        Assert.Throws<ArgumentOutOfRangeException>(() => accumulator.Compute(classes: [3]));
        ClassificationMetrics absent = accumulator.Compute(classes: [1, 2]);
        Assert.Equal(0.5, absent.Accuracy);
        Assert.Throws<InvalidOperationException>(() => absent.ConfusionMatrix);
        Assert.Throws<InvalidOperationException>(() => absent.CohenKappa());
    }

    [Fact]
    public void Options_have_their_defaults_and_ranges()
    {
        Assert.Equal(new ClassificationOptions { Beta = 1, ZeroDivision = ZeroDivision.Zero }, new ClassificationOptions());
        Assert.Equal(2.220446049250313e-16, new ProbabilityOptions().Epsilon);
        Assert.Equal(new MultiLabelOptions { Threshold = 0.5, Beta = 1, ZeroDivision = ZeroDivision.Zero }, new MultiLabelOptions());
        Assert.Equal(new NdcgOptions { K = null, Gain = NdcgGain.Linear, Ties = NdcgTies.Averaged }, new NdcgOptions());
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClassificationOptions { Beta = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClassificationOptions { Beta = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClassificationOptions { ZeroDivision = (ZeroDivision)9 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProbabilityOptions { Epsilon = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProbabilityOptions { Epsilon = 0.5 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new MultiLabelOptions { Threshold = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new NdcgOptions { K = 0 });
    }

    internal static IEnumerable<double> Figures(ClassificationMetrics metrics) =>
    [
        metrics.TotalWeight, metrics.CorrectWeight, metrics.BalancedAccuracy, metrics.AdjustedBalancedAccuracy, metrics.MatthewsCorrelation, metrics.CohenKappa(), metrics.CohenKappa(KappaWeighting.Linear),
        .. metrics.PerClass.SelectMany(own => new[] { own.Precision, own.Recall, own.FScore, own.Jaccard, own.Support }),
        .. new[] { metrics.Micro, metrics.Macro, metrics.Weighted }.SelectMany(own => new[] { own.Precision, own.Recall, own.FScore, own.Jaccard }),
        .. metrics.ConfusionMatrix.ToArray().Cast<double>(),
    ];
}
