using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A piece of a text.</summary>
/// <param name="Text">The piece.</param>
/// <param name="Marked">Whether it stands out.</param>
/// <param name="Note">A word about it that stands behind it; null for nothing.</param>
public sealed record ReportSpan(string Text, bool Marked = false, string? Note = null);

/// <summary>A text some pieces of which stand out.</summary>
/// <param name="Caption">What stands above it.</param>
/// <param name="Spans">Its pieces, in order.</param>
public sealed record ReportMarkedText(string Caption, IReadOnlyList<ReportSpan> Spans);

/// <summary>Texts with marked pieces: which tokens are trained, which words made an answer. <see cref="ReportSection.Note"/> is the place to say what marks mean.</summary>
public sealed record MarkedTextSection : ReportSection
{
    // In plain text a marked piece stands between these.
    private const char Opening = '⟦', Closing = '⟧';

    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="texts">The texts.</param>
    public MarkedTextSection(string title, params IEnumerable<ReportMarkedText> texts) : base(title) => Texts = [.. Require.NotNull(texts)];

    /// <summary>The texts.</summary>
    public IReadOnlyList<ReportMarkedText> Texts { get; }

    internal override string Kind => "markedText";

    internal override void WriteText(TextReportWriter writer)
    {
        foreach (ReportMarkedText text in Texts)
        {
            StringBuilder line = new();
            foreach (ReportSpan span in text.Spans)
            {
                string note = span.Note is null ? "" : $" -> {span.Note}";
                if (span.Marked) line.Append(Opening).Append(span.Text).Append(note).Append(Closing);
                else line.Append(span.Text).Append(note);
            }
            writer.Line($"{TextReportWriter.OneLine(text.Caption)}:");
            writer.Line($"    {TextReportWriter.OneLine(line.ToString())}");
        }
    }

    internal override void WriteJson(JsonObject section) => section["texts"] = new JsonArray([.. Texts.Select(text => (JsonNode)new JsonObject
    {
        ["caption"] = text.Caption,
        ["spans"] = new JsonArray([.. text.Spans.Select(span =>
        {
            JsonObject written = new() { ["text"] = span.Text, ["marked"] = span.Marked };
            if (span.Note is not null) written["note"] = span.Note;
            return (JsonNode)written;
        })]),
    })]);

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        foreach (ReportMarkedText text in Texts)
        {
            writer.Raw("<figure>").Element("figcaption", text.Caption).Raw("<blockquote dir=\"auto\">");
            foreach (ReportSpan span in text.Spans)
            {
                if (span.Marked) writer.Element("mark", span.Text);
                else writer.Text(span.Text);
                if (span.Note is not null) writer.Element("small", $" {span.Note} ");
            }
            writer.Raw("</blockquote></figure>\n");
        }
    }
}
