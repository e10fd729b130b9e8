using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation.Reports;

public sealed partial class EvaluationReportTests
{
    private const string Nasty = "<script>alert('x')</script> & \"quotes\" \0 \u202Eevil \uD800 מילה";

    private static EvaluationReport Everything() => new EvaluationReport(Nasty) { Description = Nasty }
        .With(new MetricsSection(Nasty, [new("Accuracy", ReportCell.Of(0.8763, 0.8611, 0.8902), 0.95, Nasty), new("Rows", 1204L), new(Nasty, double.NaN), new("Huge", 1e300), new("Infinite", double.PositiveInfinity), new("Missing", (double?)null), new("Signature", "nrefs:1|case:mixed|eff:no")]))
        .With(new TableSection("Slices", ["Slice", Nasty], [[Nasty, ReportCell.Of(0.5, 0.4, 0.6)], ["other", ReportCell.Of(0.7, 0.6, 0.8)]]) { Note = Nasty })
        .With(new ConfusionSection("Confusion", ["good", Nasty], new double[,] { { 5, 1 }, { 0, 0 } }))
        .With(new ConfusionSection("Many classes", [.. Enumerable.Range(0, 30).Select(i => i == 0 ? Nasty : $"class {i}")], Matrix(30)))
        .With(new CurveSection("ROC", "False positive rate", Nasty, new ReportCurve(Nasty, [0, 0.5, 1], [0, 0.9, 1]), new ReportCurve("other", [0, 1], [0, 1])) { ChanceDiagonal = true })
        .With(new CalibrationSection("Calibration", [new(0, 0.5, 0, null, null), new(0.5, 1, 7, 0.7, 0.8)]))
        .WithMistakes("Worst", [new ReportMistake(Nasty + "\nsecond line", Nasty, "other", 0.99)])
        .With(new NotesSection("Notes", Nasty));

    [Fact]
    public void HtmlIsWellFormedEscapedAndSelfContained()
    {
        foreach (string html in new[] { Everything().ToHtml(), Everything().ToHtmlFragment() })
        {
            // Void elements apart, every element is closed: the page is XML, too.
            XElement page = XElement.Parse($"<all>{Void().Replace(html.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal), "$0</$1>")}</all>");
            Assert.Empty(page.Descendants("script"));
            // Texts stand in the page as they are; what no page may hold is replaced.
            Assert.Contains("<script>alert('x')</script> & \"quotes\" \uFFFD \u202Eevil \uFFFD מילה", page.Value, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"(src|href)=|url\(|@import|https?://", html);
            // Inside of SVG only SVG's own elements.
            Assert.All(page.Descendants("svg").Descendants(), element => Assert.Contains(element.Name.LocalName, (string[])["title", "path", "rect", "circle", "text", "g"]));
            Assert.All(page.Descendants("svg"), svg => Assert.Equal("img", (string?)svg.Attribute("role")));
            Assert.All(page.Descendants("svg"), svg => Assert.NotEmpty(svg.Element("title")!.Value));
            Assert.All(page.Descendants("th"), header => Assert.NotNull(header.Attribute("scope")));
            Assert.All(page.Descendants("table"), table => Assert.NotNull(table.Element("caption")));
            Assert.Equal(8, page.Descendants("svg").Count() + page.Descendants("table").Count());
        }
    }

    [Fact]
    public void JsonHoldsFullPrecision()
    {
        JsonNode report = JsonNode.Parse(Everything().ToJson())!;
        JsonArray sections = report["sections"]!.AsArray();
        Assert.Equal(["metrics", "table", "confusionMatrix", "confusionMatrix", "curves", "calibration", "mistakes", "notes"], sections.Select(section => (string)section!["kind"]!));
        JsonArray metrics = sections[0]!["metrics"]!.AsArray();
        Assert.Equal(0.8763, (double)metrics[0]!["value"]!);
        Assert.Equal((0.8611, 0.8902, 0.95), ((double)metrics[0]!["interval"]!["lower"]!, (double)metrics[0]!["interval"]!["upper"]!, (double)metrics[0]!["interval"]!["level"]!));
        Assert.Equal(1204, (long)metrics[1]!["value"]!);
        Assert.Equal("NaN", (string)metrics[2]!["value"]!);
        Assert.Equal(1e300, (double)metrics[3]!["value"]!);
        Assert.Equal("Infinity", (string)metrics[4]!["value"]!);
        Assert.Null(metrics[5]!["value"]);
        Assert.Equal(0.4, (double)sections[1]!["rows"]![0]![1]!["lower"]!);
        Assert.Equal(5, (double)sections[2]!["counts"]![0]![0]!);
        Assert.Null(sections[5]!["bins"]![0]!["accuracy"]);
        Assert.StartsWith("<script>", (string)sections[6]!["mistakes"]![0]!["expected"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void TextIsAligned()
    {
        string text = new EvaluationReport("Films").With(new MetricsSection("Test set", [new("Accuracy", ReportCell.Of(0.8763, 0.8611, 0.8902), 0.95), new("Rows", 1204L)]))
            .With(new TableSection("Slices", ["Slice", "Rows"], [["news", 5L], ["a longer name", 12000L]])).ToText();
        Assert.Equal("""
            Films
            =====

            Test set
            --------
            Accuracy  0.8763  [0.8611, 0.8902] at 95 %
            Rows      1,204

            Slices
            ------
            Slice            Rows
            news                5
            a longer name  12,000

            """.ReplaceLineEndings("\n"), text);
    }

    [Fact]
    public void ANotebookShowsIt()
    {
        // As .NET Interactive looks: an attribute of this name, a source type, formatters with MimeType and Format.
        Attribute attribute = typeof(EvaluationReport).GetCustomAttributes().Single(given => given.GetType().Name == "TypeFormatterSourceAttribute");
        Type source = (Type)attribute.GetType().GetProperty("FormatterSourceType")!.GetValue(attribute)!;
        IEnumerable<object> formatters = (IEnumerable<object>)source.GetMethod("CreateTypeFormatters")!.Invoke(Activator.CreateInstance(source), null)!;
        EvaluationReport report = new EvaluationReport("Films").With(new NotesSection("Notes", "one"));
        Dictionary<string, string> shown = formatters.ToDictionary(formatter => (string)formatter.GetType().GetProperty("MimeType")!.GetValue(formatter)!, formatter =>
        {
            StringWriter writer = new();
            MethodInfo format = formatter.GetType().GetMethod("Format")!;
            Assert.True((bool)format.Invoke(formatter, [report, writer])!);
            Assert.False((bool)format.Invoke(formatter, ["another thing", writer])!);
            return writer.ToString();
        });
        Assert.Equal(report.ToHtmlFragment(), shown["text/html"]);
        Assert.Equal(report.ToText(), shown["text/plain"]);
    }

    [Fact]
    public void AMetricsRecordBecomesSections()
    {
        ClassificationAccumulator accumulator = new(2, ["good", "bad"]);
        accumulator.AddRange([0, 0, 1, 1], [0, 1, 1, 1]);
        EvaluationReport report = new EvaluationReport("Films").WithMetrics("Test", accumulator.Compute());
        MetricsSection figures = Assert.IsType<MetricsSection>(report.Sections[0]);
        Assert.Equal(0.75, figures.Metrics.Single(metric => metric.Name == "Accuracy").Value.Number);
        Assert.Equal(accumulator.Compute().Macro.FScore, figures.Metrics.Single(metric => metric.Name == "Macro f score" || metric.Name == "Macro F score").Value.Number);
        ConfusionSection matrix = Assert.Single(report.Sections.OfType<ConfusionSection>());
        Assert.Equal((1, 1, 0, 2), (matrix[0, 0], matrix[0, 1], matrix[1, 0], matrix[1, 1]));
        TableSection classes = report.Sections.OfType<TableSection>().First();
        Assert.Equal(["good", "bad"], classes.Rows.Select(row => row[0].Text));
        Assert.Contains("Recall", classes.Columns);
    }

    [Fact]
    public void CurvesAndCalibrationAreDrawn()
    {
        BinaryScoreAccumulator scores = new();
        CalibrationAccumulator calibration = new(5);
        foreach ((bool positive, double score) in new[] { (true, 0.9), (false, 0.4), (true, 0.6), (false, 0.7) })
        {
            scores.Add(positive, score);
            calibration.Add(score, positive);
        }
        EvaluationReport report = new EvaluationReport("x").WithMetrics("Scores", scores.Compute()).WithMetrics("Calibration", calibration.Compute());
        CurveSection roc = report.Sections.OfType<CurveSection>().First();
        Assert.Equal("AUC 0.7500", roc.Curves[0].Name);
        Assert.Equal(scores.Compute().RocCurve().TruePositiveRate, roc.Curves[0].Y);
        Assert.Equal(5, Assert.Single(report.Sections.OfType<CalibrationSection>()).Bins.Count);
    }

    [Fact]
    public void EveryKindOfMetricsIsReported()
    {
        GroupFairnessAccumulator fairness = new();
        fairness.Add(true, true, "a");
        fairness.Add(false, true, "b");
        CorrelationAccumulator oneRow = new();
        oneRow.Add(1, 2);
        RougeAccumulator rouge = new();
        rouge.Add("a b", "a c");
        EntityAccumulator entities = new();
        entities.Add(["B-PER", "O"], ["B-PER", "B-LOC"]);
        DiversityAccumulator diversity = new();
        diversity.Add("a b a");
        string text = new EvaluationReport("x").WithMetrics("Fairness", fairness.Compute()).WithMetrics("Correlation", oneRow.Compute()).WithMetrics("BLEU", Bleu.Corpus(["a b c d"], ["a b c d"])).WithMetrics("ROUGE", rouge.Compute())
            .WithMetrics("Entities", entities.Compute()).WithMetrics("Diversity", diversity.Compute()).WithMetrics("One", 3).ToText();
        Assert.Contains("Equalized odds ratio", text, StringComparison.Ordinal);
        // Pearson's refuses one row; the report goes on.
        Assert.DoesNotContain("Pearson", text, StringComparison.Ordinal);
        Assert.Contains("nrefs:1|case:mixed", text, StringComparison.Ordinal);
        Assert.Matches(@"rougeL +0\.5000 +0\.5000 +0\.5000", text);
        Assert.Matches(@"PER +1\.0000 +1\.0000 +1\.0000 +1 ", text);
        Assert.Throws<ArgumentException>(() => new EvaluationReport("x").WithMetrics("nothing", new object()));
    }

    [Theory]
    [InlineData("MatthewsCorrelation", "Matthews correlation")]
    [InlineData("F1", "F1")]
    [InlineData("RocAuc", "Roc auc")]
    [InlineData("R2", "R2")]
    [InlineData("BLEUScore", "BLEU score")]
    [InlineData("KendallTauB", "Kendall tau B")]
    public void NamesBecomeWords(string name, string words) => Assert.Equal(words, ReportValues.Words(name));

    [Fact]
    public void ALongCurveMakesAShortPage()
    {
        double[] x = [.. Enumerable.Range(0, 200_001).Select(i => i / 200_000.0)];
        string html = new EvaluationReport("x").With(new CurveSection("ROC", "x", "y", new ReportCurve("one", x, x))).ToHtml();
        Assert.InRange(html.Length, 1000, 60_000);
        Assert.Contains("L352 12\"", html, StringComparison.Ordinal); // the end of the diagonal is there
    }

    [Fact]
    public void BadSectionsAreRefused()
    {
        Assert.Throws<ArgumentException>(() => new MetricsSection("x", []));
        Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => new TableSection("x", ["a"], [["1"], ["1", "2"]])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ConfusionSection("x", ["a"], new double[2, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionSection("x", ["a"], new double[,] { { double.NaN } }));
        Assert.Throws<ArgumentException>(() => new CurveSection("x", "x", "y", new ReportCurve("one", [0, 1], [0])));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CurveSection("x", "x", "y", new ReportCurve("one", [0], [double.NaN])));
        Assert.Throws<ArgumentException>(() => new EvaluationReport(" "));
    }

    private static double[,] Matrix(int classes)
    {
        double[,] counts = new double[classes, classes];
        for (int i = 0; i < classes; i++) counts[i, (i * 7) % classes] = i + 1;
        return counts;
    }

    [GeneratedRegex(@"<(meta|link|br)\b[^>]*>")]
    private static partial Regex Void();
}
