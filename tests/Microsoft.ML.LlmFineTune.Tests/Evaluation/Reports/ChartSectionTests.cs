using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation.Reports;

public sealed class ChartSectionTests
{
    private const string Nasty = "<script>alert('x')</script> & \"quotes\" \0 \u202Eevil \uD800 מילה";

    [Fact]
    public void Text_JSON_and_HTML_say_the_same()
    {
        ChartSection chart = new(Nasty, "Step", Nasty, new ReportLine(Nasty, [1, 2, 3, 4], [5, double.NaN, 3, 4]) { Dots = true }, new ReportLine("empty", [], []));
        EvaluationReport report = new EvaluationReport("x").With(chart);
        Assert.Matches(@"4\.0000 +3\.0000 +5\.0000", report.ToText());
        JsonNode section = JsonNode.Parse(report.ToJson())!["sections"]![0]!;
        Assert.Equal(("chart", false, 3.0, "NaN"), ((string)section["kind"]!, (bool)section["logarithmic"]!, (double)section["lines"]![0]!["y"]![2]!, (string)section["lines"]![0]!["y"]![1]!));
        XElement svg = Svg(report);
        Assert.All(svg.Descendants(), element => Assert.Contains(element.Name.LocalName, (string[])["title", "path", "circle", "text"]));
        Assert.Equal(3, svg.Descendants("circle").Count());
        Assert.Contains("<script>", svg.Element("title")!.Value, StringComparison.Ordinal);
        Assert.Equal("img", (string?)svg.Attribute("role"));
        // The highest point stands at the top, the lowest at the bottom.
        Assert.Equal(["12", "232", "122"], svg.Descendants("circle").Select(dot => (string)dot.Attribute("cy")!));
    }

    [Fact]
    public void A_logarithmic_axis_has_equal_lengths_for_equal_ratios()
    {
        EvaluationReport report = new EvaluationReport("x").With(new ChartSection("norm", "Step", "Norm", new ReportLine("norm", [0, 1, 2, 3], [1, 0, 10, 100]) { Dots = true }) { Logarithmic = true });
        XElement svg = Svg(report);
        Assert.Equal(["232", "122", "12"], svg.Descendants("circle").Select(dot => (string)dot.Attribute("cy")!));
        Assert.Contains("10", svg.Elements("text").Select(text => text.Value));
    }

    [Fact]
    public void A_million_points_make_a_short_path_and_peaks_stay()
    {
        double[] x = [.. Enumerable.Range(0, 1_000_000).Select(i => (double)i)], y = [.. x.Select(i => i == 654_321 ? 50 : Math.Sin(i))];
        string html = new EvaluationReport("x").With(new ChartSection("x", "x", "y", new ReportLine("one", x, y))).ToHtml();
        Assert.InRange(html.Length, 1000, 60_000);
        Assert.Matches(@"L\d+(\.\d)? 12[L""]", html);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 5)]
    [InlineData(0, 0)]
    [InlineData(-3e-7, 4e-9)]
    [InlineData(1, 1e6)]
    [InlineData(-1e300, 1e300)]
    [InlineData(123456, 123457)]
    public void Ticks_are_few_and_on_the_axis(double least, double most)
    {
        ChartAxis axis = ChartAxis.Of([least, most], logarithmic: false);
        Assert.InRange(axis.Ticks.Count, 2, 7);
        Assert.All(axis.Ticks, tick => Assert.InRange(axis.Place(tick), -1e-9, 1 + 1e-9));
        Assert.InRange(axis.Place(least), 0, 1);
        Assert.InRange(axis.Place(most), 0, 1);
        Assert.Equal(axis.Ticks.Count, axis.Ticks.Select(ChartAxis.Label).Distinct().Count());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 1000)]
    [InlineData(0.3, 0.9)]
    [InlineData(3, 70)]
    [InlineData(1e-300, 1e300)]
    public void Logarithmic_ticks_too(double least, double most)
    {
        ChartAxis axis = ChartAxis.Of([least, most], logarithmic: true);
        Assert.InRange(axis.Ticks.Count, 2, 8);
        Assert.All(axis.Ticks, tick => Assert.InRange(axis.Place(tick), -1e-9, 1 + 1e-9));
    }

    [Fact]
    public void Nothing_to_draw_is_said_and_bad_lines_are_refused()
    {
        Assert.Contains("Nothing to draw", new EvaluationReport("x").With(new ChartSection("x", "x", "y", new ReportLine("one", [1], [double.NaN]))).ToHtml(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ChartSection("x", "x", "y"));
        Assert.Throws<ArgumentException>(() => new ChartSection("x", "x", "y", new ReportLine("one", [1, 2], [1])));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChartSection("x", "x", "y", new ReportLine("one", [double.NaN], [1])));
    }

    [Fact]
    public void Marked_texts_are_marked_in_text_JSON_and_HTML()
    {
        EvaluationReport report = new EvaluationReport("x").With(new MarkedTextSection("Texts", new ReportMarkedText(Nasty, [new("What is "), new("this", true), new(Nasty, true, "that"), new("?\n")])) { Note = "Marked is learnt." });
        Assert.Contains("    What is ⟦this⟧⟦<script>", report.ToText(), StringComparison.Ordinal);
        Assert.Contains(" -> that⟧?", report.ToText(), StringComparison.Ordinal);
        JsonNode span = JsonNode.Parse(report.ToJson())!["sections"]![0]!["texts"]![0]!["spans"]![2]!;
        Assert.Equal((true, "that"), ((bool)span["marked"]!, (string)span["note"]!));
        Assert.StartsWith("<script>", (string)span["text"]!, StringComparison.Ordinal);
        XElement section = XElement.Parse(Regex.Match(report.ToHtml(), "<section.*</section>", RegexOptions.Singleline).Value);
        Assert.Empty(section.Descendants("script"));
        Assert.Equal(["this", "<script>alert('x')</script> & \"quotes\" \uFFFD \u202Eevil \uFFFD מילה"], section.Descendants("mark").Select(mark => mark.Value));
        Assert.Equal(" that ", section.Descendants("small").Single().Value);
    }

    [Fact]
    public void Counts_stay_counts_in_a_table_of_many_figures()
    {
        EvaluationReport report = new EvaluationReport("x").With(new MetricsSection("Figures", [.. Enumerable.Range(0, 9).Select(i => new ReportMetric($"figure {i}", 1200L + i)), new("Share", ReportCell.Of(0.5, 0.4, 0.6), 0.95)]));
        Assert.Contains(">1,208<", report.ToHtml(), StringComparison.Ordinal);
        Assert.Single(Regex.Matches(report.ToHtml(), @"\[0\.4000, 0\.6000\]"));
    }

    private static XElement Svg(EvaluationReport report) => XElement.Parse(Regex.Match(report.ToHtml(), "<svg.*?</svg>", RegexOptions.Singleline).Value);
}
