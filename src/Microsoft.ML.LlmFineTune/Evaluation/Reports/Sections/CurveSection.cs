using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name.</param>
/// <param name="X">Positions across.</param>
/// <param name="Y">Positions up, one for each of <paramref name="X"/>.</param>
public sealed record ReportCurve(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y);

/// <summary>A chart of lines between 0 and 1: ROC, precision over recall.</summary>
public sealed record CurveSection : ReportSection
{
    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="xName">What stands across.</param>
    /// <param name="yName">What stands up.</param>
    /// <param name="curves">The lines; at least one, each with as many x as y, all from 0 to 1.</param>
    public CurveSection(string title, string xName, string yName, params IEnumerable<ReportCurve> curves) : base(title)
    {
        (XName, YName, Curves) = (Require.Text(xName), Require.Text(yName), [.. Require.NotNull(curves)]);
        Require.Argument(Curves.Count > 0, $"Chart '{title}' must have at least one line; it has none.", nameof(curves));
        foreach (ReportCurve curve in Curves)
        {
            Require.Argument(curve.X.Count == curve.Y.Count, $"Line '{curve.Name}' must have as many x as y; it has {curve.X.Count} and {curve.Y.Count}.", nameof(curves));
            foreach (double value in curve.X.Concat(curve.Y)) Require.Within(value, 0, 1, nameof(curves));
        }
    }

    /// <summary>What stands across.</summary>
    public string XName { get; }

    /// <summary>What stands up.</summary>
    public string YName { get; }

    /// <summary>The lines.</summary>
    public IReadOnlyList<ReportCurve> Curves { get; }

    /// <summary>Whether guessing gives the rising diagonal, which is then drawn, dashed. Default false.</summary>
    public bool ChanceDiagonal { get; init; }

    internal override string Kind => "curves";

    internal override void WriteText(TextReportWriter writer) =>
        writer.Table(["", "points"], [.. Curves.Select(curve => (IReadOnlyList<ReportCell>)[curve.Name, (ReportCell)(long)curve.X.Count])]);

    internal override void WriteJson(JsonObject section)
    {
        (section["x"], section["y"]) = (XName, YName);
        section["curves"] = new JsonArray([.. Curves.Select(curve => (JsonNode)new JsonObject { ["name"] = curve.Name, ["x"] = Numbers(curve.X), ["y"] = Numbers(curve.Y) })]);

        static JsonArray Numbers(IReadOnlyList<double> values) => new([.. values.Select(value => ReportNumber.ToJson(value))]);
    }

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        SvgChart chart = new(XName, YName);
        if (ChanceDiagonal) chart.Diagonal();
        for (int i = 0; i < Curves.Count; i++) chart.Line(Curves[i].X, Curves[i].Y, i);
        writer.Raw("<figure>").Raw(chart.ToSvg($"{Title}: {YName} over {XName}"));
        if (Curves.Count > 1 || Curves[0].Name != Title)
        {
            writer.Raw("<figcaption class=\"er-legend\">");
            for (int i = 0; i < Curves.Count; i++) writer.Raw($"<span class=\"er-key er-line{i % SvgChart.Colors}\">").Text(Curves[i].Name).Raw("</span>");
            writer.Raw("</figcaption>");
        }
        writer.Raw("</figure>\n");
    }
}
