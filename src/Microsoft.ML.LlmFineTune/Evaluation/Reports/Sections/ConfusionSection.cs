using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Which classes are taken for which.</summary>
public sealed record ConfusionSection : ReportSection
{
    // Cells with numbers are still readable up to here; beyond, a picture of shades takes over.
    private const int MostWithNumbers = 20;
    private const int MostListed = 10;

    private readonly double[,] _counts;

    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="classNames">Names of the classes; at least one.</param>
    /// <param name="counts">[classes, classes]: rows of a class (first index) that were answered with a class (second index); finite, 0 or greater.</param>
    public ConfusionSection(string title, IReadOnlyList<string> classNames, double[,] counts) : base(title)
    {
        ClassNames = [.. Require.NotNull(classNames)];
        _counts = (double[,])Require.NotNull(counts).Clone();
        Require.Argument(ClassNames.Count > 0 && _counts.GetLength(0) == ClassNames.Count && _counts.GetLength(1) == ClassNames.Count,
            $"A confusion matrix must have a row and a column for each of the {ClassNames.Count} classes; it is [{_counts.GetLength(0)}, {_counts.GetLength(1)}].", nameof(counts));
        foreach (double count in _counts) Require.NotNegative(count, nameof(counts));
    }

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Rows of a class that were answered with a class.</summary>
    public double this[int actual, int answered] => _counts[actual, answered];

    internal override string Kind => "confusionMatrix";

    private IEnumerable<int> Classes => Enumerable.Range(0, ClassNames.Count);

    internal override void WriteText(TextReportWriter writer)
    {
        if (ClassNames.Count <= MostWithNumbers) writer.Table(["actual \\ answered", .. ClassNames], [.. Classes.Select(actual => (IReadOnlyList<ReportCell>)[ClassNames[actual], .. Classes.Select(answered => Cell(_counts[actual, answered]))])]);
        else writer.Table(["actual", "answered", "rows"], Confusions());
    }

    internal override void WriteJson(JsonObject section)
    {
        section["classes"] = new JsonArray([.. ClassNames.Select(name => (JsonNode)name)]);
        section["counts"] = new JsonArray([.. Classes.Select(actual => (JsonNode)new JsonArray([.. Classes.Select(answered => ReportNumber.ToJson(_counts[actual, answered]))]))]);
    }

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        if (ClassNames.Count <= MostWithNumbers) WriteTable(writer);
        else WriteShades(writer);
        List<IReadOnlyList<ReportCell>> confusions = Confusions();
        if (ClassNames.Count > 2 && confusions.Count > 0) writer.Table("Most frequent confusions", ["Actual", "Answered", "Rows"], confusions);
    }

    private static ReportCell Cell(double count) => count == Math.Floor(count) && count < long.MaxValue ? (ReportCell)(long)count : count;

    private List<IReadOnlyList<ReportCell>> Confusions() => [.. Classes.SelectMany(actual => Classes.Where(answered => answered != actual && _counts[actual, answered] > 0).Select(answered => (actual, answered)))
        .OrderByDescending(pair => _counts[pair.actual, pair.answered]).Take(MostListed).Select(pair => (IReadOnlyList<ReportCell>)[ClassNames[pair.actual], ClassNames[pair.answered], Cell(_counts[pair.actual, pair.answered])])];

    private double RowTotal(int actual) => Classes.Sum(answered => _counts[actual, answered]);

    // Of the class's rows: a rare class is as readable as a frequent one.
    private double Share(int actual, int answered) => RowTotal(actual) is > 0 and var total ? _counts[actual, answered] / total : 0;

    private void WriteTable(HtmlReportWriter writer)
    {
        writer.Raw("<div class=\"er-scroll\"><table class=\"er-confusion\"><caption>Rows: the actual class. Columns: the answer. Shades: share of the class's rows.</caption><thead><tr><td></td>");
        foreach (string name in ClassNames) writer.Raw("<th scope=\"col\">").Text(name).Raw("</th>");
        writer.Raw("<th scope=\"col\">Recall</th></tr></thead><tbody>");
        foreach (int actual in Classes)
        {
            writer.Raw("<tr><th scope=\"row\">").Text(ClassNames[actual]).Raw("</th>");
            foreach (int answered in Classes)
            {
                double share = Share(actual, answered);
                writer.Raw(string.Create(CultureInfo.InvariantCulture, $"<td class=\"{(actual == answered ? "er-hit" : "er-miss")}\" style=\"--er-share:{share:0.###}\" title=\"{100 * share:0.#} %\">")).Text(Cell(_counts[actual, answered]).Main).Raw("</td>");
            }
            writer.Raw("<td>").Text(RowTotal(actual) > 0 ? ReportNumber.Format(Share(actual, actual)) : ReportNumber.Undefined).Raw("</td></tr>");
        }
        writer.Raw("</tbody></table></div>\n");
    }

    private void WriteShades(HtmlReportWriter writer)
    {
        int classes = ClassNames.Count;
        writer.Raw(string.Create(CultureInfo.InvariantCulture, $"<figure><svg class=\"er-shades\" role=\"img\" viewBox=\"0 0 {classes} {classes}\" shape-rendering=\"crispEdges\"><title>Confusion matrix of {classes} classes</title>"));
        writer.Raw(string.Create(CultureInfo.InvariantCulture, $"<rect class=\"er-frame\" width=\"{classes}\" height=\"{classes}\"/>"));
        foreach (int actual in Classes)
        {
            foreach (int answered in Classes.Where(answered => _counts[actual, answered] > 0))
            {
                writer.Raw(string.Create(CultureInfo.InvariantCulture, $"<rect class=\"{(actual == answered ? "er-hit" : "er-miss")}\" x=\"{answered}\" y=\"{actual}\" width=\"1\" height=\"1\" fill-opacity=\"{0.15 + (0.85 * Share(actual, answered)):0.##}\"><title>"))
                    .SvgText($"{ClassNames[actual]} answered as {ClassNames[answered]}: {Cell(_counts[actual, answered]).Main}").Raw("</title></rect>");
            }
        }
        writer.Raw("</svg><figcaption>Down: the actual class. Across: the answer. Shades: share of the class's rows.</figcaption></figure>\n");
    }
}
