using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Training.Observers.ObserverRuns;

namespace Microsoft.ML.LlmFineTune.Tests.Training.Observers;

public sealed partial class TrainingReportTests
{
    private const string Nasty = "<script>alert('x')</script>";

    [Fact]
    public void A_page_tells_all_of_a_training()
    {
        string path = Path.Combine(ScratchFolder.New(), "reports", "training.html");
        Everything all = new();
        TokenBatch batch = new(1, 4, [7, 8, 9, 10], [-100, 9, 10, 11]);
        TrainingReport report = new(path)
        {
            Title = Nasty, Description = "Toy rows", Preview = BatchPreview.Of(batch), Decode = id => $"<{id}>",
            Truncations = new Dictionary<string, TruncationReport> { [Nasty] = new(100, 7, 5000, 321) },
        };
        TrainingResult result = InGermany(() => Train(all, report));
        string html = File.ReadAllText(path);
        Assert.Equal(report.ToReport().ToHtml(), html);
        XElement page = Parse(html);
        Assert.Empty(page.Descendants("script"));
        Assert.Contains(Nasty, page.Value, StringComparison.Ordinal);
        Assert.Equal("<9><10><11>", Assert.Single(page.Descendants("mark")).Value);
        Assert.Equal(["chart", "chart", "chart", "chart", "chart"], page.Descendants("section").Select(section => ((string)section.Attribute("class")!)[5..]).Where(kind => kind == "chart"));

        EvaluationReport written = report.ToReport();
        Assert.Equal(((double)result.Tokens, true), written.Sections.OfType<TableSection>().Single(section => section.Title == "Run").Rows[0] is [_, ReportCell tokens] ? (tokens.Number, tokens.IsCount) : default);
        Dictionary<string, string> options = Table(written, "Options");
        Assert.Equal(("0.05", "LinearSchedule", "none", "2", "yes"), (options["Optimizer.LearningRate"], options["Schedule"], options["MaximumSteps"], options["Epochs"], options["RestoreBest"]));
        Assert.All(typeof(TrainingOptions).GetProperties(), property => Assert.Contains(options.Keys, name => name == property.Name || name.StartsWith(property.Name + ".", StringComparison.Ordinal)));
        Dictionary<string, string> run = Table(written, "Run");
        Assert.Equal(("cpu", "8", "1", "as requested"), (run["Device"], run["Steps planned"], run["Replicas"], run["Because"]));
        MetricsSection outcome = written.Sections.OfType<MetricsSection>().Single();
        Assert.Equal("completed", outcome.Metrics.Single(metric => metric.Name == "State").Value.Text);
        Assert.Equal(result.Best!.Loss, outcome.Metrics.Single(metric => metric.Name == "Validation loss").Value.Number);
        ChartSection loss = written.Sections.OfType<ChartSection>().First();
        Assert.Equal(["Training, smoothed", "Training", "Validation"], loss.Lines.Select(line => line.Name));
        Assert.Equal(all.Steps.Select(step => step.Loss), loss.Lines[1].Y);
        Assert.Equal(all.Validations.Select(validation => validation.Loss), loss.Lines[2].Y);
        Assert.Equal([4, 8], loss.Lines[2].X);
        TableSection truncated = (TableSection)written.Sections.Single(section => section.Title == "What was truncated");
        Assert.Equal([100, 7, 5000, 321], truncated.Rows[0].Skip(1).Select(cell => cell.Number!.Value));
        Assert.Equal(2, ((TableSection)written.Sections.Single(section => section.Title == "Validations")).Rows.Count);
        Assert.Contains("What is learnt", written.ToText(), StringComparison.Ordinal);
        Assert.Contains("⟦<9><10><11>⟧", written.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_and_labels_are_shown_by_their_names()
    {
        Assert.Contains("2 tokens, class good", Text(new TokenBatch(1, 2, [7, 8], [1])), StringComparison.Ordinal);
        Assert.Contains("2 tokens, class 2", Text(new TokenBatch(1, 2, [7, 8], [2])), StringComparison.Ordinal);
        Assert.Contains("numbers bad 1, good 0", Text(new TokenBatch(1, 2, [7, 8], [], targetLength: 0) { Values = [1, 0] }), StringComparison.Ordinal);
        string tagged = Text(new TokenBatch(1, 4, [7, 8, 9, 10], [-100, 1, 0, -100]));
        Assert.Matches(@"<8>\W*good[\s\S]*<9>\W*bad", tagged);

        static string Text(TokenBatch batch)
        {
            TrainingReport report = new(_ => { }) { Preview = BatchPreview.Of(batch) with { Labels = ["bad", "good"] }, Decode = id => $"<{id}>" };
            Train(report);
            return report.ToReport().ToText();
        }
    }

    [Fact]
    public void A_crash_leaves_a_page()
    {
        string path = Path.Combine(ScratchFolder.New(), "training.html");
        TrainingReport report = new(path) { Interval = TimeSpan.Zero };
        Assert.Throws<InvalidOperationException>(() => Train(report, new Crash(6)));
        string html = File.ReadAllText(path);
        XElement page = Parse(html);
        Assert.Contains("running", page.Value, StringComparison.Ordinal);
        Assert.Contains("Validation", page.Value, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Train(report, new Crash(1)));
        Assert.DoesNotContain("Validations", Parse(File.ReadAllText(path)).Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_million_steps_make_a_small_page()
    {
        EvaluationReport? last = null;
        int made = 0;
        TrainingReport report = new(written => { last = written; made++; });
        report.Started(new TrainingStart(Options, new ReplicaPlan(1, 1, "test"), 1, 1_000_000, "cpu"));
        LlmFineTune.Runtime.RandomStream random = new(1);
        for (int step = 1; step <= 1_000_000; step++)
        {
            report.Stepped(new TrainingStep(step, 1_000_000, step / 100_000, 3 + random.NextDouble(), 1e-3, step == 777_777 ? 500 : 1 + random.NextDouble(), 100, 1000 + random.NextDouble(), TimeSpan.Zero));
            if (step % 1000 == 0) report.Validated(new TrainingValidation(step, 3, new Dictionary<string, double> { ["accuracy"] = 0.5, ["perplexity"] = 20 }, 10, step == 500_000));
        }
        report.Finished(new TrainingResult(TrainingStopReason.EarlyStopping, 1_000_000, 500_000, 10, 1, 3, [], new ReplicaPlan(1, 1, "test"), TimeSpan.FromSeconds(5000)));
        // Validations that follow one another that fast share pages.
        Assert.InRange(made, 2, 100);
        string html = last!.ToHtml();
        Assert.InRange(html.Length, 20_000, 300_000);
        ChartSection norm = last.Sections.OfType<ChartSection>().Single(chart => chart.Title == "Gradient norm");
        Assert.Contains(500, norm.Lines[0].Y);
        Assert.True(norm.Logarithmic);
        Assert.False(last.Sections.OfType<ChartSection>().First().Logarithmic);
        Assert.Contains(last.Sections, section => section.Title == "Validation: perplexity");
        TableSection validations = (TableSection)last.Sections.Single(section => section.Title == "Validations");
        Assert.InRange(validations.Rows.Count, 30, 63);
        Assert.Contains(validations.Rows, row => row[2].Text == "yes");
        Assert.Equal(1_000_000, validations.Rows[^1][0].Number);
        Assert.Equal("early stopping", last.Sections.OfType<MetricsSection>().Single().Metrics[0].Value.Text);
    }

    [Fact]
    public void A_page_that_cannot_be_written_ends_training_before_it_starts()
    {
        string folder = ScratchFolder.New(), file = Path.Combine(folder, "file");
        File.WriteAllText(file, "x");
        Everything all = new();
        IOException thrown = Assert.Throws<IOException>(() => Train(new TrainingReport(Path.Combine(file, "training.html")), all));
        Assert.Contains("training.html", thrown.Message, StringComparison.Ordinal);
        Assert.Empty(all.Steps);
        Assert.Throws<InvalidOperationException>(() => new TrainingReport("x.html").ToReport());
    }

    [Fact]
    public void Another_target_gets_the_report()
    {
        List<EvaluationReport> reports = [];
        Train(new TrainingReport(reports.Add) { Interval = TimeSpan.Zero });
        // The start, two epochs, two validations, the end: the pauses grow with the time that a report takes.
        Assert.InRange(reports.Count, 2, 6);
        Assert.DoesNotContain(reports[0].Sections, section => section is ChartSection);
        Assert.Equal("Training", reports[^1].Title);
    }

    private static XElement Parse(string html) => XElement.Parse($"<all>{Void().Replace(html.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal), "$0</$1>")}</all>");

    private static Dictionary<string, string> Table(EvaluationReport report, string title) =>
        ((TableSection)report.Sections.Single(section => section.Title == title)).Rows.ToDictionary(row => row[0].ToString(), row => row[1].ToString());

    private sealed class Crash(long at) : ITrainingObserver
    {
        public void Stepped(TrainingStep step)
        {
            if (step.Step == at) throw new InvalidOperationException("crash");
        }
    }

    [GeneratedRegex(@"<(meta|link|br)\b[^>]*>")]
    private static partial Regex Void();
}
