using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Remarks: warnings, settings, how to read the figures.</summary>
public sealed record NotesSection : ReportSection
{
    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="notes">The remarks.</param>
    public NotesSection(string title, params IEnumerable<string> notes) : base(title) => Notes = [.. Require.NotNull(notes)];

    /// <summary>The remarks.</summary>
    public IReadOnlyList<string> Notes { get; }

    internal override string Kind => "notes";

    internal override void WriteText(TextReportWriter writer)
    {
        foreach (string note in Notes) writer.Line($"- {TextReportWriter.OneLine(note)}");
    }

    internal override void WriteJson(JsonObject section) => section["notes"] = new JsonArray([.. Notes.Select(note => (JsonNode)note)]);

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        writer.Raw("<ul>");
        foreach (string note in Notes) writer.Element("li", note);
        writer.Raw("</ul>\n");
    }
}
