using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A row that was answered wrongly.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Expected">What would have been right.</param>
/// <param name="Answered">What was answered.</param>
/// <param name="Score">How sure the model was of its answer, or how bad the answer is; null for nothing.</param>
public sealed record ReportMistake(string Text, string Expected, string Answered, double? Score = null);

/// <summary>The worst mistakes with their texts.</summary>
public sealed record MistakesSection : ReportSection
{
    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="mistakes">The rows, the worst first.</param>
    /// <param name="limit">How many are shown at most; at least 1. Default 20.</param>
    public MistakesSection(string title, IEnumerable<ReportMistake> mistakes, int limit = 20) : base(title) =>
        Mistakes = [.. Require.NotNull(mistakes).Take(Require.AtLeast(limit, 1))];

    /// <summary>The rows.</summary>
    public IReadOnlyList<ReportMistake> Mistakes { get; }

    /// <summary>What <see cref="ReportMistake.Score"/> means. Default "Score".</summary>
    public string ScoreName { get; init; } = "Score";

    internal override string Kind => "mistakes";

    internal override void WriteText(TextReportWriter writer)
    {
        if (Mistakes.Count == 0) writer.Line("None.");
        foreach (ReportMistake mistake in Mistakes)
        {
            string score = mistake.Score is double value ? $", {ScoreName} {ReportNumber.Format(value)}" : "";
            writer.Line($"- expected {TextReportWriter.OneLine(mistake.Expected)}, answered {TextReportWriter.OneLine(mistake.Answered)}{score}: {TextReportWriter.OneLine(mistake.Text)}");
        }
    }

    internal override void WriteJson(JsonObject section)
    {
        section["scoreName"] = ScoreName;
        section["mistakes"] = new JsonArray([.. Mistakes.Select(mistake => (JsonNode)new JsonObject
        {
            ["text"] = mistake.Text,
            ["expected"] = mistake.Expected,
            ["answered"] = mistake.Answered,
            ["score"] = ReportNumber.ToJson(mistake.Score),
        })]);
    }

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        if (Mistakes.Count == 0)
        {
            writer.Element("p", "None.");
            return;
        }
        bool scores = Mistakes.Any(mistake => mistake.Score is not null);
        writer.Raw("<ol class=\"er-mistakes\">");
        foreach (ReportMistake mistake in Mistakes)
        {
            writer.Raw("<li><blockquote dir=\"auto\">").Text(mistake.Text).Raw("</blockquote><p class=\"er-verdict\"><span>Expected ").Element("b", mistake.Expected, "er-right")
                .Raw("</span><span>Answered ").Element("b", mistake.Answered, "er-wrong").Raw("</span>");
            if (scores) writer.Raw("<span>").Text(ScoreName).Raw(" ").Element("b", ReportNumber.Format(mistake.Score)).Raw("</span>");
            writer.Raw("</p></li>\n");
        }
        writer.Raw("</ol>\n");
    }
}
