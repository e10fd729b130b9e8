using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A line of a chart with axes of its own.</summary>
/// <param name="Name">Its name.</param>
/// <param name="X">Positions across; finite.</param>
/// <param name="Y">Positions up, one for each of <paramref name="X"/>; NaN and the infinities are left out.</param>
public sealed record ReportLine(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    /// <summary>Whether it stays in the background: raw values behind their mean. Default false.</summary>
    public bool Faint { get; init; }

    /// <summary>Whether its points are drawn as dots, too: few values far apart. Default false.</summary>
    public bool Dots { get; init; }
}

/// <summary>A chart of lines over axes that fit them: loss over steps. A line of any length makes a small page: what falls on one column of the picture is drawn from its lowest to its highest point.</summary>
public sealed record ChartSection : ReportSection
{
    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="xName">What stands across.</param>
    /// <param name="yName">What stands up.</param>
    /// <param name="lines">The lines; at least one, each with as many x as y.</param>
    public ChartSection(string title, string xName, string yName, params IEnumerable<ReportLine> lines) : base(title)
    {
        (XName, YName, Lines) = (Require.Text(xName), Require.Text(yName), [.. Require.NotNull(lines)]);
        Require.Argument(Lines.Count > 0, $"Chart '{title}' must have at least one line; it has none.", nameof(lines));
        foreach (ReportLine line in Lines)
        {
            Require.Argument(line.X.Count == line.Y.Count, $"Line '{line.Name}' must have as many x as y; it has {line.X.Count} and {line.Y.Count}.", nameof(lines));
            foreach (double x in line.X) Require.Finite(x, nameof(lines));
        }
    }

    /// <summary>What stands across.</summary>
    public string XName { get; }

    /// <summary>What stands up.</summary>
    public string YName { get; }

    /// <summary>The lines.</summary>
    public IReadOnlyList<ReportLine> Lines { get; }

    /// <summary>Whether the axis that goes up is logarithmic; values that are not greater than 0 are then left out. Default false.</summary>
    public bool Logarithmic { get; init; }

    internal override string Kind => "chart";

    internal override void WriteText(TextReportWriter writer) => writer.Table(["", "points", "first", "last", "least", "greatest"], [.. Lines.Select(line =>
    {
        double[] y = [.. line.Y.Where(double.IsFinite)];
        return (IReadOnlyList<ReportCell>)(y.Length == 0 ? [line.Name, 0L, (double?)null, (double?)null, (double?)null, (double?)null] : [line.Name, (long)y.Length, y[0], y[^1], y.Min(), y.Max()]);
    })]);

    internal override void WriteJson(JsonObject section)
    {
        (section["x"], section["y"], section["logarithmic"]) = (XName, YName, Logarithmic);
        section["lines"] = new JsonArray([.. Lines.Select(line => (JsonNode)new JsonObject { ["name"] = line.Name, ["x"] = Numbers(line.X), ["y"] = Numbers(line.Y) })]);

        static JsonArray Numbers(IReadOnlyList<double> values) => new([.. values.Select(value => ReportNumber.ToJson(value))]);
    }

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        List<List<(double X, double Y)>> drawn = [.. Lines.Select(line => line.X.Zip(line.Y).Where(point => double.IsFinite(point.Second) && (!Logarithmic || point.Second > 0)).ToList())];
        if (drawn.All(points => points.Count == 0))
        {
            writer.Element("p", "Nothing to draw yet.");
            return;
        }
        SvgPlot plot = new(XName, YName, ChartAxis.Of(drawn.SelectMany(points => points.Select(point => point.X)), logarithmic: false), ChartAxis.Of(drawn.SelectMany(points => points.Select(point => point.Y)), Logarithmic));
        // What stays in the background is drawn first.
        foreach (int i in Enumerable.Range(0, Lines.Count).OrderBy(i => !Lines[i].Faint))
        {
            plot.Line(drawn[i], i, Lines[i].Faint);
            if (Lines[i].Dots) plot.Dots(drawn[i], i, Lines[i].Name);
        }
        writer.Raw("<figure>").Raw(plot.ToSvg($"{Title}: {YName} over {XName}"));
        if (Lines.Count > 1 || Lines[0].Name != Title)
        {
            writer.Raw("<figcaption class=\"er-legend\">");
            for (int i = 0; i < Lines.Count; i++) writer.Raw($"<span class=\"er-key er-line{i % SvgChart.Colors}{(Lines[i].Faint ? " er-faint" : "")}\">").Text(Lines[i].Name).Raw("</span>");
            writer.Raw("</figcaption>");
        }
        writer.Raw("</figure>\n");
    }
}
