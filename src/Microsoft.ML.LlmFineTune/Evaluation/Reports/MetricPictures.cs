namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What metrics of this library are better drawn than listed.</summary>
internal static class MetricPictures
{
    private const int MostLines = 6;

    internal static IEnumerable<ReportSection> Of(string title, string prefix, object metrics) => metrics switch
    {
        ClassificationMetrics { ConfusionMatrix: ConfusionMatrix matrix } => [Confusion(Heading(title, prefix, "confusion matrix"), matrix)],
        CalibrationMetrics calibration => [Calibration(Heading(title, prefix, "reliability"), calibration)],
        BinaryScoreMetrics scores => Curves(Heading(title, prefix, ""), [("", scores)]),
        MulticlassScoreMetrics scores => Curves(Heading(title, prefix, ""), [.. scores.PerClass.Select((one, i) => (FormattableString.Invariant($"class {i}"), one))]),
        MultiLabelScoreMetrics scores => Curves(Heading(title, prefix, ""), [.. scores.PerLabel.Select((one, i) => (FormattableString.Invariant($"label {i}"), one))]),
        RougeMetrics rouge => [new TableSection(Heading(title, prefix, "scores"), ["", "Precision", "Recall", "F"], rouge.Scores.Select(score => (IReadOnlyList<ReportCell>)[score.Type.Name, score.Score.Precision, score.Score.Recall, score.Score.FScore]))],
        _ => [],
    };

    internal static ConfusionSection Confusion(string title, ConfusionMatrix matrix) => new(title, matrix.ClassNames, matrix.ToArray());

    internal static CalibrationSection Calibration(string title, CalibrationMetrics metrics) =>
        new(title, metrics.Bins.Select(bin => new ReportCalibrationBin(bin.Lower, bin.Upper, bin.Weight, bin.Accuracy, bin.MeanConfidence)));

    private static IEnumerable<ReportSection> Curves(string heading, IReadOnlyList<(string Name, BinaryScoreMetrics Scores)> all)
    {
        // A class that is missing, or that all rows have, has no curve.
        List<(string Name, BinaryScoreMetrics Scores)> shown = [.. all.Where(one => one.Scores is { Positives: > 0, Negatives: > 0 }).Take(MostLines)];
        if (shown.Count == 0) yield break;
        yield return new CurveSection(heading + "ROC curve", "False positive rate", "True positive rate", shown.Select(one =>
        {
            RocCurve curve = one.Scores.RocCurve();
            return new ReportCurve(Legend(one.Name, "AUC", one.Scores.RocAuc), curve.FalsePositiveRate, curve.TruePositiveRate);
        })) { ChanceDiagonal = true };
        yield return new CurveSection(heading + "precision and recall", "Recall", "Precision", shown.Select(one =>
        {
            PrecisionRecallCurve curve = one.Scores.PrecisionRecallCurve();
            return new ReportCurve(Legend(one.Name, "average precision", one.Scores.AveragePrecision), curve.Recall, curve.Precision);
        }));
    }

    private static string Legend(string name, string figure, double value) => name.Length == 0 ? $"{figure} {ReportNumber.Format(value)}" : $"{name} ({figure} {ReportNumber.Format(value)})";

    private static string Heading(string title, string prefix, string what) => prefix.Length == 0 ? $"{title}: {what}" : $"{title}: {ReportValues.Lower(prefix)} {what}";
}
