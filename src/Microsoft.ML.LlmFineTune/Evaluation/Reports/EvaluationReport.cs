using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// What an evaluation found, for people: as a text table, as JSON, and as one HTML page that needs no other file (light and dark, printable, read by screen readers).
/// In a notebook of .NET Interactive a report as the last value of a cell shows itself. Immutable: <see cref="With(ReportSection)"/> gives a new one.
/// </summary>
/// <example>
/// <code>
/// EvaluationReport report = new EvaluationReport("Film reviews").WithMetrics("Test set", metrics).WithMistakes("Worst mistakes", mistakes);
/// report.SaveHtml("report.html");
/// </code>
/// </example>
[TypeFormatterSource(typeof(NotebookFormatters))]
public sealed record EvaluationReport
{
    // For people: letters stay letters. The JSON is not meant for the inside of an HTML page.
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An empty report.</summary>
    /// <param name="title">Its title.</param>
    public EvaluationReport(string title) => Title = Require.Text(title);

    /// <summary>Its title.</summary>
    public string Title { get; }

    /// <summary>What was evaluated: model, data, date; null for nothing.</summary>
    public string? Description { get; init; }

    /// <summary>Its sections, in order.</summary>
    public IReadOnlyList<ReportSection> Sections { get; private init; } = [];

    /// <summary>This report with one section more.</summary>
    public EvaluationReport With(ReportSection section) => this with { Sections = [.. Sections, Require.NotNull(section)] };

    /// <summary>This report with several sections more.</summary>
    public EvaluationReport With(IEnumerable<ReportSection> sections) => Require.NotNull(sections).Aggregate(this, (report, section) => report.With(section));

    /// <summary>This report with the figures of any metrics record: its numbers in one section, its lists and dictionaries of records as tables, its matrices and calibration as pictures.</summary>
    /// <param name="title">Heading of the figures.</param>
    /// <param name="metrics">A metrics record of this library, or any object with public properties.</param>
    public EvaluationReport WithMetrics(string title, object metrics) => With(MetricSections.Of(title, metrics));

    /// <summary>This report with a matrix of which classes are taken for which.</summary>
    public EvaluationReport WithConfusionMatrix(string title, ConfusionMatrix matrix) => With(MetricPictures.Confusion(title, Require.NotNull(matrix)));

    /// <summary>This report with a chart of accuracy over confidence.</summary>
    public EvaluationReport WithCalibration(string title, CalibrationMetrics metrics) => With(MetricPictures.Calibration(title, Require.NotNull(metrics)));

    /// <summary>This report with rows that were answered wrongly.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="mistakes">The rows, the worst first.</param>
    /// <param name="limit">How many are shown at most; at least 1.</param>
    public EvaluationReport WithMistakes(string title, IEnumerable<ReportMistake> mistakes, int limit = 20) => With(new MistakesSection(title, mistakes, limit));

    /// <summary>As text in aligned columns, for a console or a log.</summary>
    public string ToText()
    {
        TextReportWriter writer = new();
        writer.Heading(Title, '=');
        if (Description is not null) writer.Line(Description);
        foreach (ReportSection section in Sections)
        {
            writer.Heading(section.Title, '-');
            if (section.Note is not null) writer.Line(section.Note);
            section.WriteText(writer);
        }
        return writer.ToString();
    }

    /// <summary>As JSON: <c>{"title", "description", "sections": [{"kind", "title", ...}]}</c>. Numbers have full precision; NaN and the infinities are strings, what is not defined is null.</summary>
    public string ToJson()
    {
        JsonObject report = new() { ["title"] = Title };
        if (Description is not null) report["description"] = Description;
        JsonArray sections = [];
        foreach (ReportSection section in Sections)
        {
            JsonObject written = new() { ["kind"] = section.Kind, ["title"] = section.Title };
            if (section.Note is not null) written["note"] = section.Note;
            section.WriteJson(written);
            sections.Add((JsonNode)written);
        }
        report["sections"] = sections;
        return report.ToJsonString(s_json);
    }

    /// <summary>As one HTML page, UTF-8, that needs no other file and runs no script.</summary>
    public string ToHtml() => HtmlReportWriter.Page(this);

    /// <summary>As a piece of HTML for the inside of another page: a notebook's output, for example. It brings its style along.</summary>
    public string ToHtmlFragment() => HtmlReportWriter.Fragment(this);

    /// <summary>Writes <see cref="ToHtml"/> to a file.</summary>
    public void SaveHtml(string path) => File.WriteAllText(Require.Text(path), ToHtml());

    /// <summary>Writes <see cref="ToJson"/> to a file.</summary>
    public void SaveJson(string path) => File.WriteAllText(Require.Text(path), ToJson());

    /// <summary>The same as <see cref="ToText"/>.</summary>
    public override string ToString() => ToText();
}
