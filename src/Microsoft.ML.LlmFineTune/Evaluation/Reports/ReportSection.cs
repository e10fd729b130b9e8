using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A part of a report. It knows how it is written as text, as JSON and as HTML.</summary>
public abstract record ReportSection
{
    private protected ReportSection(string title) => Title = Runtime.Require.Text(title);

    /// <summary>Its heading.</summary>
    public string Title { get; }

    /// <summary>A sentence below the heading; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>What JSON calls this kind of section.</summary>
    internal abstract string Kind { get; }

    internal abstract void WriteText(TextReportWriter writer);

    internal abstract void WriteJson(JsonObject section);

    internal abstract void WriteHtml(HtmlReportWriter writer);
}
