using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>Label metrics from pairs of labels.</summary>
internal static class LabelCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        var labels = new[] { c["inputs"].GetProperty("y_true"), c["inputs"].GetProperty("y_pred") }.SelectMany(list => list.EnumerateArray()).ToList();
        if (labels.TrueForAll(label => label.ValueKind == JsonValueKind.String)) Verify(c, tally, label => label.GetString()!);
        else if (labels.TrueForAll(label => label.ValueKind is JsonValueKind.True or JsonValueKind.False)) Verify(c, tally, label => label.GetBoolean());
        else if (labels.TrueForAll(label => label.TryGetInt64(out _))) Verify(c, tally, label => label.GetInt64());
        else Verify(c, tally, JsonReading.ToDouble);
    }

    private static void Verify<TLabel>(FixtureCase c, Tally tally, Func<JsonElement, TLabel> read) where TLabel : notnull
    {
        var inputs = c["inputs"];
        var weights = Expectation.Weights(inputs);
        var rows = new Lazy<LabelAccumulator<TLabel>>(() =>
        {
            var accumulator = new LabelAccumulator<TLabel>();
            accumulator.AddRange(Read(inputs.GetProperty("y_true")), Read(inputs.GetProperty("y_pred")), weights.Length == 0 ? null : weights);
            return accumulator;
        });
        var given = c["options"].TryGetProperty("labels", out var list) && list.IsGiven() ? Read(list) : null;
        var metrics = new Lazy<ClassificationMetrics>(() => rows.Value.Compute(labels: given));
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var value = expected.Value;
            switch (expected.Name)
            {
                case "labels": tally.Sequence(expected.Name, Read(value), given ?? rows.Value.Labels); break;
                case "accuracy": tally.Number(expected.Name, value, () => metrics.Value.Accuracy); break;
                case "correct_count": tally.Number(expected.Name, value, () => metrics.Value.CorrectWeight); break;
                case "balanced_accuracy": tally.Number(expected.Name, value, () => metrics.Value.BalancedAccuracy); break;
                case "balanced_accuracy_adjusted": tally.Number(expected.Name, value, () => metrics.Value.AdjustedBalancedAccuracy); break;
                case "matthews_corrcoef": tally.Number(expected.Name, value, () => metrics.Value.MatthewsCorrelation); break;
                case "cohen_kappa": tally.Number(expected.Name, value, () => metrics.Value.CohenKappa()); break;
                case "cohen_kappa_linear": tally.Number(expected.Name, value, () => metrics.Value.CohenKappa(KappaWeighting.Linear)); break;
                case "cohen_kappa_quadratic": tally.Number(expected.Name, value, () => metrics.Value.CohenKappa(KappaWeighting.Quadratic)); break;
                case "confusion_matrix": tally.Matrix(expected.Name, value, () => metrics.Value.ConfusionMatrix.ToArray()); break;
                case "zero_division_0": Scores(ZeroDivision.Zero); break;
                case "zero_division_1": Scores(ZeroDivision.One); break;
                case "zero_division_nan": Scores(ZeroDivision.NaN); break;
                default: throw new UnsupportedException($"there is no {expected.Name}");
            }

            void Scores(ZeroDivision rule)
            {
                if (tally.Refused(expected.Name, value, () => rows.Value.Compute(new ClassificationOptions { ZeroDivision = rule }, given))) return;
                foreach (var beta in value.EnumerateObject())
                    Compare(tally, $"{expected.Name} {beta.Name}", beta.Value, rows.Value.Compute(new ClassificationOptions { ZeroDivision = rule, Beta = double.Parse(beta.Name[1..], CultureInfo.InvariantCulture) }, given));
            }
        }

        TLabel[] Read(JsonElement labels) => [.. labels.EnumerateArray().Select(read)];
    }

    private static void Compare(Tally tally, string what, JsonElement expected, ClassificationMetrics actual)
    {
        foreach (var scores in expected.EnumerateObject())
        {
            switch (scores.Name)
            {
                case "per_class":
                    foreach (var score in scores.Value.EnumerateObject()) tally.Numbers($"{what} {score.Name}", score.Value.ToDoubles(), [.. actual.PerClass.Select(own => Of(own, score.Name))], Expectation.Tolerance);
                    break;
                case "micro": Averages(actual.Micro); break;
                case "macro": Averages(actual.Macro); break;
                case "weighted": Averages(actual.Weighted); break;
                default: throw new UnsupportedException($"there is no average {scores.Name}");
            }

            void Averages(AverageScores own)
            {
                foreach (var score in scores.Value.EnumerateObject()) tally.Number($"{what} {scores.Name} {score.Name}", score.Value.ToDouble(), Of(own, score.Name), Expectation.Tolerance);
            }
        }
    }

    internal static double Of(ClassScores scores, string name) => name switch
    {
        "precision" => scores.Precision, "recall" => scores.Recall, "f" or "f1" => scores.FScore, "jaccard" => scores.Jaccard, "support" => scores.Support, _ => throw new UnsupportedException($"there is no {name} of a class"),
    };

    internal static double Of(AverageScores scores, string name) => name switch
    {
        "precision" => scores.Precision, "recall" => scores.Recall, "f" or "f1" => scores.FScore, "jaccard" => scores.Jaccard, _ => throw new UnsupportedException($"there is no average {name}"),
    };
}
