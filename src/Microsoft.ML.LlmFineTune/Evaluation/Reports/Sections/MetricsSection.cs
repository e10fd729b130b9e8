using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Figures with their names.</summary>
public sealed record MetricsSection : ReportSection
{
    // More of them are read better in a table than in tiles.
    private const int MostTiles = 8;

    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="metrics">The figures; at least one.</param>
    public MetricsSection(string title, IEnumerable<ReportMetric> metrics) : base(title)
    {
        Metrics = [.. Require.NotNull(metrics)];
        Require.Argument(Metrics.Count > 0, $"Section '{title}' must have at least one figure; it has none.", nameof(metrics));
    }

    /// <summary>The figures.</summary>
    public IReadOnlyList<ReportMetric> Metrics { get; }

    internal override string Kind => "metrics";

    internal override void WriteText(TextReportWriter writer) => writer.Table(["", "", "", ""], Rows());

    internal override void WriteJson(JsonObject section) => section["metrics"] = new JsonArray([.. Metrics.Select(metric =>
    {
        JsonObject written = new() { ["name"] = metric.Name, ["value"] = metric.Value.Text is string text ? JsonValue.Create(text) : ReportNumber.ToJson(metric.Value.Number) };
        if (metric.Value.Lower is double lower) written["interval"] = new JsonObject { ["lower"] = ReportNumber.ToJson(lower), ["upper"] = ReportNumber.ToJson(metric.Value.Upper), ["level"] = ReportNumber.ToJson(metric.Level) };
        if (metric.Note is not null) written["note"] = metric.Note;
        return (JsonNode)written;
    })]);

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        if (Metrics.Count > MostTiles || Metrics.Any(metric => metric.Value.Text is { Length: > 12 }))
        {
            bool intervals = Metrics.Any(metric => metric.Value.Lower is not null), notes = Metrics.Any(metric => metric.Note is not null);
            writer.Table(Title, ["Metric", "Value", .. intervals ? ["Interval"] : Array.Empty<string>(), .. notes ? ["Note"] : Array.Empty<string>()],
                [.. Metrics.Select(metric => (IReadOnlyList<ReportCell>)[metric.Name, metric.Value.WithoutInterval(), .. intervals ? [(ReportCell)Interval(metric)] : Array.Empty<ReportCell>(), .. notes ? [(ReportCell)metric.Note] : Array.Empty<ReportCell>()])], captioned: false);
            return;
        }
        writer.Raw("<dl class=\"er-tiles\">");
        foreach (ReportMetric metric in Metrics)
        {
            writer.Raw("<div>").Element("dt", metric.Name).Element("dd", metric.Value.Main, "er-number");
            if (metric.Value.Lower is not null) writer.Element("dd", Interval(metric), "er-interval");
            if (metric.Note is not null) writer.Element("dd", metric.Note, "er-note");
            writer.Raw("</div>");
        }
        writer.Raw("</dl>\n");
    }

    private List<IReadOnlyList<ReportCell>> Rows() => [.. Metrics.Select(metric => (IReadOnlyList<ReportCell>)[metric.Name, metric.Value.Main, Interval(metric), metric.Note])];

    private static string Interval(ReportMetric metric) =>
        metric.Value.Interval is string interval ? metric.Level is double level ? string.Create(CultureInfo.InvariantCulture, $"{interval} at {100 * level:0.#} %") : interval : "";
}
