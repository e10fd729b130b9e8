using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A bin of a calibration chart.</summary>
/// <param name="Lower">Its lower edge.</param>
/// <param name="Upper">Its upper edge.</param>
/// <param name="Count">Rows whose confidence falls into it, or their weight.</param>
/// <param name="Accuracy">Share of them that are right; null for an empty bin.</param>
/// <param name="MeanConfidence">Their mean confidence; null for an empty bin.</param>
public sealed record ReportCalibrationBin(double Lower, double Upper, double Count, double? Accuracy, double? MeanConfidence);

/// <summary>Whether confidence keeps its promises: accuracy over confidence, on the diagonal when it does.</summary>
public sealed record CalibrationSection : ReportSection
{
    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="bins">The bins, between 0 and 1, in rising order; at least one.</param>
    public CalibrationSection(string title, IEnumerable<ReportCalibrationBin> bins) : base(title)
    {
        Bins = [.. Require.NotNull(bins)];
        Require.Argument(Bins.Count > 0, $"Calibration '{title}' must have at least one bin; it has none.", nameof(bins));
        foreach (ReportCalibrationBin bin in Bins)
        {
            Require.Within(bin.Lower, 0, bin.Upper, nameof(bins));
            Require.Within(bin.Upper, bin.Lower, 1, nameof(bins));
            Require.NotNegative(bin.Count, nameof(bins));
            Require.Within(bin.Accuracy ?? 0, 0, 1, nameof(bins));
        }
    }

    /// <summary>The bins.</summary>
    public IReadOnlyList<ReportCalibrationBin> Bins { get; }

    internal override string Kind => "calibration";

    internal override void WriteText(TextReportWriter writer) => writer.Table(["confidence", "rows", "mean confidence", "accuracy"],
        [.. Bins.Where(bin => bin.Count > 0).Select(bin => (IReadOnlyList<ReportCell>)[$"{ReportNumber.Format(bin.Lower)} to {ReportNumber.Format(bin.Upper)}", Count(bin), bin.MeanConfidence, bin.Accuracy])]);

    internal override void WriteJson(JsonObject section) => section["bins"] = new JsonArray([.. Bins.Select(bin => (JsonNode)new JsonObject
    {
        ["lower"] = ReportNumber.ToJson(bin.Lower),
        ["upper"] = ReportNumber.ToJson(bin.Upper),
        ["count"] = ReportNumber.ToJson(bin.Count),
        ["accuracy"] = ReportNumber.ToJson(bin.Accuracy),
        ["meanConfidence"] = ReportNumber.ToJson(bin.MeanConfidence),
    })]);

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        SvgChart chart = new("Confidence", "Accuracy");
        double largest = Math.Max(Bins.Max(bin => bin.Count), double.Epsilon);
        foreach (ReportCalibrationBin bin in Bins.Where(bin => bin.Count > 0))
        {
            string what = $"Confidence {ReportNumber.Format(bin.Lower)} to {ReportNumber.Format(bin.Upper)}: {Count(bin).Main} rows, accuracy {ReportNumber.Format(bin.Accuracy)}, mean confidence {ReportNumber.Format(bin.MeanConfidence)}";
            chart.Bar(bin.Lower, bin.Upper, bin.Accuracy ?? 0, what);
            if (bin is { Accuracy: double accuracy, MeanConfidence: double confidence }) chart.Gap(bin.Lower, bin.Upper, accuracy, confidence);
            chart.Strip(bin.Lower, bin.Upper, bin.Count / largest, $"{Count(bin).Main} rows");
        }
        chart.Diagonal();
        writer.Raw("<figure>").Raw(chart.ToSvg($"{Title}: accuracy over confidence in {Bins.Count} bins"));
        writer.Raw("<figcaption class=\"er-legend\"><span class=\"er-key er-line0\">Accuracy</span><span class=\"er-key er-gapkey\">Distance from the mean confidence</span><span class=\"er-key er-stripkey\">Share of the rows</span></figcaption></figure>\n");
    }

    private static ReportCell Count(ReportCalibrationBin bin) => bin.Count == Math.Floor(bin.Count) ? (ReportCell)(long)bin.Count : bin.Count;
}
