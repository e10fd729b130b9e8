using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Writes reports as HTML. All texts are escaped; nothing is loaded from elsewhere, and no script runs.</summary>
internal sealed class HtmlReportWriter
{
    private readonly StringBuilder _html = new();

    /// <summary>A whole page.</summary>
    internal static string Page(EvaluationReport report) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{Escape(report.Title)}</title>
        <style>{HtmlStyle.Page}{HtmlStyle.Report}</style>
        </head>
        <body>
        {Body(report, "main")}
        </body>
        </html>

        """;

    /// <summary>The same for the inside of another page.</summary>
    internal static string Fragment(EvaluationReport report) => $"<style>{HtmlStyle.Report}</style>\n{Body(report, "div")}\n";

    /// <summary>Text for the inside of an element or of an attribute. What no HTML may hold becomes the replacement character.</summary>
    internal static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                < ' ' and not ('\t' or '\n' or '\r') or 0x7F => escaped.Append('\uFFFD'),
                // A text must not turn the direction of what stands around it.
                (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) => escaped.Append($"&#{rune.Value};"),
                _ => escaped.Append(rune.ToString()),
            };
        }
        return escaped.ToString();
    }

    internal HtmlReportWriter Raw(string html)
    {
        _html.Append(html);
        return this;
    }

    internal HtmlReportWriter Text(string text)
    {
        // Of unknown content: <bdi> keeps a right-to-left text from reordering its neighbours.
        _html.Append(NeedsIsolation(text) ? $"<bdi>{Escape(text)}</bdi>" : Escape(text));
        return this;
    }

    /// <summary>Text inside of SVG, where no HTML elements may stand.</summary>
    internal HtmlReportWriter SvgText(string text) => Raw(Escape(text));

    internal HtmlReportWriter Element(string name, string text, string? style = null) => Raw(style is null ? $"<{name}>" : $"<{name} class=\"{style}\">").Text(text).Raw($"</{name}>");

    /// <summary>A table: numbers to the right, the first column names the rows.</summary>
    internal void Table(string caption, IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<ReportCell>> rows, bool captioned = true)
    {
        bool[] numbers = [.. columns.Select((_, i) => rows.Count > 0 && rows.All(row => row[i].Text is null))];
        Raw("<div class=\"er-scroll\"><table>").Raw(captioned ? "<caption>" : "<caption class=\"er-hidden\">").Text(caption).Raw("</caption><thead><tr>");
        for (int i = 0; i < columns.Count; i++) Raw(numbers[i] ? "<th scope=\"col\" class=\"er-n\">" : "<th scope=\"col\">").Text(columns[i]).Raw("</th>");
        Raw("</tr></thead><tbody>\n");
        foreach (IReadOnlyList<ReportCell> row in rows)
        {
            Raw("<tr>");
            for (int i = 0; i < row.Count; i++)
            {
                string tag = i == 0 ? "th" : "td";
                Raw(i == 0 ? "<th scope=\"row\">" : numbers[i] ? "<td class=\"er-n\">" : "<td>").Text(row[i].Main);
                if (row[i].Interval is string interval) Raw(" <small>").Text(interval).Raw("</small>");
                Raw($"</{tag}>");
            }
            Raw("</tr>\n");
        }
        Raw("</tbody></table></div>\n");
    }

    public override string ToString() => _html.ToString();

    // Right-to-left letters, and marks that turn the direction.
    private static bool NeedsIsolation(string text) => text.AsSpan().IndexOfAnyInRange('\u0590', '\u08FF') >= 0 || text.AsSpan().IndexOfAnyInRange('\uFB1D', '\uFEFC') >= 0
        || text.AsSpan().IndexOfAnyInRange('\u200E', '\u200F') >= 0 || text.AsSpan().IndexOfAnyInRange('\u202A', '\u202E') >= 0 || text.AsSpan().IndexOfAnyInRange('\u2066', '\u2069') >= 0;

    private static string Body(EvaluationReport report, string element)
    {
        HtmlReportWriter writer = new();
        writer.Raw($"<{element} class=\"er\">\n<header>").Element("h1", report.Title);
        if (report.Description is not null) writer.Element("p", report.Description, "er-lead");
        writer.Raw("</header>\n");
        foreach (ReportSection section in report.Sections)
        {
            writer.Raw($"<section class=\"er-s-{section.Kind}\">").Element("h2", section.Title);
            if (section.Note is not null) writer.Element("p", section.Note, "er-note");
            section.WriteHtml(writer);
            writer.Raw("</section>\n");
        }
        return writer.Raw($"</{element}>").ToString();
    }
}
