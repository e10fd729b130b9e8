using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>Scores of a positive class: areas, curves, and the figures of probabilities.</summary>
internal static class BinaryScoreCases
{
    private const string PartialArea = "roc_auc_max_fpr_";

    public static void Verify(FixtureCase c, Tally tally)
    {
        var inputs = c["inputs"];
        bool[] positive = [.. inputs.GetProperty("y_true").ToInts().Select(label => label == 1)];
        var (values, weights) = (inputs.GetProperty("scores").ToDoubles(), Expectation.Weights(inputs));
        var scores = new Lazy<BinaryScoreMetrics>(() =>
        {
            var accumulator = new BinaryScoreAccumulator();
            accumulator.AddRange(positive, values, weights);
            return accumulator.Compute();
        });
        var probabilities = new Lazy<BinaryProbabilityMetrics>(() =>
        {
            var accumulator = new BinaryProbabilityAccumulator();
            accumulator.AddRange(positive, values, weights);
            return accumulator.Compute();
        });
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var (name, value) = (expected.Name, expected.Value);
            switch (name)
            {
                case "roc_auc": tally.Number(name, value, () => scores.Value.RocAuc); break;
                case "average_precision": tally.Number(name, value, () => scores.Value.AveragePrecision); break;
                case "pr_auc_trapezoid": tally.Number(name, value, () => scores.Value.PrecisionRecallAuc); break;
                case "roc_curve": Roc(tally, name, value, () => scores.Value.RocCurve(dropIntermediate: false)); break;
                case "roc_curve_drop_intermediate": Roc(tally, name, value, () => scores.Value.RocCurve()); break;
                case "pr_curve": PrecisionRecall(tally, name, value, () => scores.Value.PrecisionRecallCurve()); break;
                case "log_loss": tally.Number(name, value, () => probabilities.Value.LogLoss); break;
                case "brier": tally.Number(name, value, () => probabilities.Value.BrierScore); break;
                default:
                    if (!name.StartsWith(PartialArea, StringComparison.Ordinal)) throw new UnsupportedException($"there is no {name}");
                    tally.Number(name, value, () => scores.Value.PartialRocAuc(double.Parse(name[PartialArea.Length..], CultureInfo.InvariantCulture)));
                    break;
            }
        }
    }

    private static void Roc(Tally tally, string what, JsonElement expected, Func<RocCurve> actual)
    {
        if (tally.Refused(what, expected, () => actual())) return;
        var curve = actual();
        tally.Numbers(what + " fpr", expected.GetProperty("fpr"), () => curve.FalsePositiveRate);
        tally.Numbers(what + " tpr", expected.GetProperty("tpr"), () => curve.TruePositiveRate);
        tally.Numbers(what + " thresholds", expected.GetProperty("thresholds"), () => curve.Thresholds);
    }

    private static void PrecisionRecall(Tally tally, string what, JsonElement expected, Func<PrecisionRecallCurve> actual)
    {
        if (tally.Refused(what, expected, () => actual())) return;
        var curve = actual();
        tally.Numbers(what + " precision", expected.GetProperty("precision"), () => curve.Precision);
        tally.Numbers(what + " recall", expected.GetProperty("recall"), () => curve.Recall);
        tally.Numbers(what + " thresholds", expected.GetProperty("thresholds"), () => curve.Thresholds);
    }
}
