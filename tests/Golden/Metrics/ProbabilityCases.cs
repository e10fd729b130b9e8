using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>Probabilities of several classes: losses, top-k, areas, calibration, and ML.NET's figures.</summary>
internal static class ProbabilityCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        var inputs = c["inputs"];
        var (rows, actual, weights) = (inputs.GetProperty("probabilities").ToRows(), inputs.GetProperty("y_true").ToInts(), Expectation.Weights(inputs));
        var classes = rows.Length == 0 ? 2 : rows[0].Length;
        double Weight(int i) => weights.Length == 0 ? 1 : weights[i];
        var probabilities = new Lazy<ProbabilityMetrics>(() =>
        {
            var accumulator = new ProbabilityAccumulator(classes);
            for (var i = 0; i < rows.Length; i++) accumulator.Add(rows[i], actual[i], Weight(i));
            return accumulator.Compute();
        });
        var scores = new Lazy<MulticlassScoreMetrics>(() =>
        {
            var accumulator = new MulticlassScoreAccumulator(classes);
            for (var i = 0; i < rows.Length; i++) accumulator.Add(rows[i], actual[i], Weight(i));
            return accumulator.Compute();
        });
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var (name, value) = (expected.Name, expected.Value);
            switch (name)
            {
                case "argmax": tally.Sequence(name, value.ToInts(), rows.Select(row => TensorPrimitives.IndexOfMax<double>(row))); break;
                case "log_loss": tally.Number(name, value, () => probabilities.Value.LogLoss); break;
                case "log_loss_sum": tally.Number(name, value, () => probabilities.Value.LogLossSum); break;
                case "brier_sum_over_classes": tally.Number(name, value, () => probabilities.Value.BrierScore); break;
                case "brier_half": tally.Number(name, value, () => probabilities.Value.BrierScoreHalf); break;
                case "top_k_accuracy_sklearn": Each((k, item) => tally.Number($"{name} {k}", item, () => probabilities.Value.TopKAccuracy(k))); break;
                case "roc_auc_ovr_macro": tally.Number(name, value, () => scores.Value.OneVsRestRocAuc()); break;
                case "roc_auc_ovr_weighted": tally.Number(name, value, () => scores.Value.OneVsRestRocAuc(ClassAveraging.Weighted)); break;
                case "roc_auc_ovo_macro": tally.Number(name, value, () => scores.Value.OneVsOneRocAuc()); break;
                case "roc_auc_ovo_weighted": tally.Number(name, value, () => scores.Value.OneVsOneRocAuc(ClassAveraging.Weighted)); break;
                case "roc_auc_ovr_per_class": tally.Numbers(name, value, () => scores.Value.PerClass.Select(metrics => metrics.RocAuc)); break;
                case "average_precision_per_class": tally.Numbers(name, value, () => scores.Value.PerClass.Select(metrics => metrics.AveragePrecision)); break;
                case "average_precision_macro": tally.Number(name, value, () => scores.Value.AveragePrecision()); break;
                case "average_precision_weighted": tally.Number(name, value, () => scores.Value.AveragePrecision(ClassAveraging.Weighted)); break;
                case "average_precision_micro": tally.Number(name, value, () => scores.Value.AveragePrecisionMicro); break;
                case "calibration": Each((bins, item) => Calibration(tally, $"{name} {bins}", item, rows, actual, bins)); break;
                case "adaptive_calibration": Each((bins, item) => AdaptiveCalibration(tally, $"{name} {bins}", item, rows, actual, bins)); break;
                case "classwise_ece": Each((bins, item) => Classwise(tally, $"{name} {bins}", item, rows, actual, bins)); break;
                case "mlnet": MlNet(tally, value, rows, actual); break;
                default: throw new UnsupportedException($"there is no {name}");
            }

            void Each(Action<int, JsonElement> compare)
            {
                foreach (var item in value.EnumerateObject()) compare(int.Parse(item.Name, CultureInfo.InvariantCulture), item.Value);
            }
        }
    }

    internal static CalibrationMetrics Calibration(double[][] rows, int[] actual, int bins)
    {
        var accumulator = new CalibrationAccumulator(bins);
        for (var i = 0; i < rows.Length; i++) accumulator.Add(rows[i], actual[i]);
        return accumulator.Compute();
    }

    private static void Calibration(Tally tally, string what, JsonElement expected, double[][] rows, int[] actual, int bins)
    {
        var metrics = Calibration(rows, actual, bins);
        tally.Number(what + " ece", expected.GetProperty("ece").ToDouble(), metrics.ExpectedCalibrationError, Expectation.Tolerance);
        tally.Number(what + " mce", expected.GetProperty("mce").ToDouble(), metrics.MaximumCalibrationError, Expectation.Tolerance);
        Bins(tally, what, expected.GetProperty("bins"), metrics);
    }

    private static void AdaptiveCalibration(Tally tally, string what, JsonElement expected, double[][] rows, int[] actual, int bins)
    {
        var accumulator = new AdaptiveCalibrationAccumulator(bins);
        for (var i = 0; i < rows.Length; i++) accumulator.Add(rows[i], actual[i]);
        var metrics = accumulator.Compute();
        tally.Number(what + " ece", expected.GetProperty("ece").ToDouble(), metrics.ExpectedCalibrationError, Expectation.Tolerance);
        Bins(tally, what, expected.GetProperty("bins"), metrics);
    }

    private static void Classwise(Tally tally, string what, JsonElement expected, double[][] rows, int[] actual, int bins)
    {
        var accumulator = new ClasswiseCalibrationAccumulator(rows[0].Length, bins);
        for (var i = 0; i < rows.Length; i++) accumulator.Add(rows[i], actual[i]);
        var metrics = accumulator.Compute();
        tally.Numbers(what, expected.GetProperty("per_class"), () => metrics.PerClass.Select(own => own.ExpectedCalibrationError));
        tally.Number(what + " mean", expected.GetProperty("mean").ToDouble(), metrics.ExpectedCalibrationError, Expectation.Tolerance);
    }

    private static void Bins(Tally tally, string what, JsonElement expected, CalibrationMetrics actual)
    {
        tally.Equal(what + " bins", expected.GetArrayLength(), actual.Bins.Count);
        foreach (var (bin, own) in expected.EnumerateArray().Zip(actual.Bins))
        {
            tally.Number(what + " count", bin[0].ToDouble(), own.Weight, 0);
            tally.Equal(what + " has rows", bin[1].IsGiven(), own.Accuracy is not null);
            if (!bin[1].IsGiven() || own.Accuracy is not { } accuracy) continue;
            tally.Number(what + " accuracy", bin[1].ToDouble(), accuracy, Expectation.Tolerance);
            tally.Number(what + " confidence", bin[2].ToDouble(), own.MeanConfidence!.Value, Expectation.Tolerance);
        }
    }

    private static void MlNet(Tally tally, JsonElement expected, double[][] rows, int[] actual)
    {
        var accumulator = new MlNetMulticlassAccumulator(rows[0].Length);
        for (var i = 0; i < rows.Length; i++) accumulator.Add([.. rows[i].Select(value => (float)value)], actual[i]);
        var metrics = accumulator.Compute();
        foreach (var figure in expected.EnumerateObject())
        {
            var (name, value) = ("mlnet " + figure.Name, figure.Value);
            switch (figure.Name)
            {
                case "micro_accuracy": tally.Number(name, value, () => metrics.MicroAccuracy); break;
                case "macro_accuracy": tally.Number(name, value, () => metrics.MacroAccuracy); break;
                case "log_loss": tally.Number(name, value, () => metrics.LogLoss); break;
                case "prior_entropy": tally.Number(name, value, () => metrics.PriorEntropy); break;
                case "log_loss_reduction": tally.Number(name, value, () => metrics.LogLossReduction); break;
                case "per_class_log_loss": tally.Numbers(name, value, () => metrics.PerClassLogLoss); break;
                case "top_k_accuracy": tally.Numbers(name, value, () => metrics.TopKAccuracies); break;
                case "confusion_table": tally.Matrix(name, value, () => metrics.ConfusionMatrix.ToArray()); break;
                default: throw new UnsupportedException($"there is no {name}");
            }
        }
    }
}
