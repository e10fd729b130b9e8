using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/classification.json: accuracy, per-class scores and confusion matrix from pairs of labels.</summary>
internal sealed class ClassificationReader : CaseReader
{
    private const double Tolerance = 1e-9;

    public override bool Reads(string file) => file == "classification.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var (inputs, expected, options) = (c["inputs"], c["expected"], c["options"]);
        if (c["kind"].GetString() != "labels") throw new UnsupportedException($"there are no metrics of {c["kind"].GetString()}");
        if (inputs.TryGetProperty("sample_weight", out var weights) && weights.IsGiven()) throw new UnsupportedException("rows have no weights");
        if (options.TryGetProperty("labels", out var given) && given.IsGiven()) throw new UnsupportedException("the classes are those of the model, in its order");
        if (!expected.TryGetProperty("labels", out var listed) || listed.ValueKind != JsonValueKind.Array || listed.GetArrayLength() == 0) throw new UnsupportedException("a classifier has one class at least");
        var labels = listed.EnumerateArray().Select(label => label.GetRawText()).ToList();
        var accumulator = new ClassificationAccumulator(labels.Count);
        foreach (var (actual, answered) in inputs.GetProperty("y_true").EnumerateArray().Zip(inputs.GetProperty("y_pred").EnumerateArray()))
            accumulator.Add(labels.IndexOf(answered.GetRawText()), labels.IndexOf(actual.GetRawText()), 0);

        tally.Number("accuracy", expected.GetProperty("accuracy").ToDouble(), accumulator.Accuracy!.Value, Tolerance);
        tally.Number("balanced_accuracy", expected.GetProperty("balanced_accuracy").ToDouble(), accumulator.MacroAccuracy!.Value, Tolerance);
        var matrix = expected.GetProperty("confusion_matrix");
        for (int i = 0; i < labels.Count; i++) tally.Sequence("confusion_matrix", matrix[i].ToDoubles(), Enumerable.Range(0, labels.Count).Select(j => (double)accumulator.Count(i, j)));
        var f1 = expected.GetProperty("zero_division_0").GetProperty("f1");
        var perClass = accumulator.PerClass();
        var scores = f1.GetProperty("per_class");
        tally.Numbers("precision", scores.GetProperty("precision").ToDoubles(), [.. perClass.Select(s => s.Precision)], Tolerance);
        tally.Numbers("recall", scores.GetProperty("recall").ToDoubles(), [.. perClass.Select(s => s.Recall)], Tolerance);
        tally.Numbers("f1", scores.GetProperty("f").ToDoubles(), [.. perClass.Select(s => s.F1)], Tolerance);
        tally.Numbers("support", scores.GetProperty("support").ToDoubles(), [.. perClass.Select(s => (double)s.Support)], 0);
        tally.Number("macro f1", f1.GetProperty("macro").GetProperty("f").ToDouble(), accumulator.MacroF1!.Value, Tolerance);
    }
}
