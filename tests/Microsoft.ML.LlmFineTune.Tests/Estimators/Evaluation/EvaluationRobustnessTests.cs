using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators.Evaluation;

public sealed class EvaluationRobustnessTests
{
    private static readonly string[] s_hostile = ["</script><svg onload=alert(1)>", "\uD800 half", "\u202Eturned", "a\0b\u001B[2J", "line\nbreak\r\n</td>", "'\"&", "{{x}}", "=1+1"];

    private readonly MLContext _ml = new(1);

    [Fact]
    public void HostileTextsStayTexts()
    {
        IDataView view = _ml.Data.LoadFromEnumerable(s_hostile.Select((text, i) => new TextRow { GeneratedText = text, Reference = s_hostile[(i + 1) % s_hostile.Length], Source = text, Question = text }));
        EvaluationOptions options = new() { ConfidenceIntervals = true, SliceColumnName = nameof(TextRow.Source), ExampleColumnName = nameof(TextRow.Question) };
        EvaluationReport[] reports =
        [
            _ml.Evaluation.Bleu(view, evaluation: options).ToReport(s_hostile[0]), _ml.Evaluation.Chrf(view, evaluation: options).ToReport(s_hostile[1]), _ml.Evaluation.Ter(view, evaluation: options).ToReport(s_hostile[2]),
            _ml.Evaluation.Rouge(view, evaluation: options).ToReport(s_hostile[3]), _ml.Evaluation.Meteor(view, evaluation: options).ToReport(s_hostile[4]), _ml.Evaluation.ErrorRates(view, evaluation: options).ToReport(s_hostile[5]),
            _ml.Evaluation.Diversity(view, evaluation: options).ToReport(s_hostile[6]), _ml.Evaluation.SelfBleu(view, evaluation: options).ToReport(s_hostile[7]),
            _ml.Evaluation.Labels(view, nameof(TextRow.GeneratedText), nameof(TextRow.Reference), evaluation: options).ToReport("labels"), _ml.Evaluation.Clustering(view, nameof(TextRow.GeneratedText), nameof(TextRow.Reference), evaluation: options).ToReport("clusters"),
            _ml.Evaluation.QuestionAnswering(view, nameof(TextRow.GeneratedText), nameof(TextRow.Reference), evaluation: options).ToReport("answers"),
        ];
        foreach (EvaluationReport report in reports)
        {
            string html = report.ToHtml();
            Assert.DoesNotContain("<svg onload", html, StringComparison.Ordinal);
            Assert.DoesNotContain("</script>", html, StringComparison.Ordinal);
            Assert.DoesNotContain(html, character => char.IsSurrogate(character) || character is '\0' or '\u001B' or '\u202E');
            Assert.NotNull(JsonNode.Parse(report.ToJson())!["sections"]);
            Assert.DoesNotContain(report.ToText(), character => char.IsControl(character) && character is not '\n' and not '\t');
        }
    }

    [Fact]
    public void AnotherCultureChangesNothing()
    {
        string[] expected = Everything();
        CultureInfo before = CultureInfo.CurrentCulture;
        // As German writes numbers; the culture's own data may be absent.
        CultureInfo commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (commas.NumberFormat.NumberDecimalSeparator, commas.NumberFormat.NumberGroupSeparator, commas.NumberFormat.NegativeSign, commas.NumberFormat.PercentDecimalSeparator) = (",", ".", "~", ",");
        try
        {
            CultureInfo.CurrentCulture = commas;
            Assert.Equal("~0,5", $"{-0.5}");
            Assert.Equal(expected, Everything());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void ASliceOfOneRowHasItsFigures()
    {
        IDataView rows = _ml.Data.LoadFromEnumerable(new BinaryRow[] { new() { Label = true, Probability = 0.75f, Group = 1 }, new() { Label = false, Probability = 0.5f, Group = 2 }, new() { Label = true, Probability = 0.25f, Group = 2 } });
        EvaluationResult<BinaryEvaluationMetrics> result = _ml.Evaluation.BinaryClassification(rows, evaluation: new EvaluationOptions { ConfidenceIntervals = true, SliceColumnName = nameof(BinaryRow.Group) });
        Assert.Equal([("1", 1L), ("2", 2L)], result.Slices.Select(slice => (slice.Name, slice.Rows)));
        Assert.Equal(1, result.Slices[0].Figures[0].Value);
        Assert.True(double.IsNaN(result.Slices[0].Metrics.Scores.RocAuc));
        Assert.Equal(0.0625, result.Slices[0].Metrics.Probabilities.BrierScore, 12);
        Assert.Contains("Slices", result.ToReport("x").ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void TokensAreCountedInWholeNumbers()
    {
        foreach (double bad in new[] { double.NaN, -1, 1.5, double.PositiveInfinity, 1e300 })
            Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Perplexity(_ml.Data.LoadFromEnumerable(new CountedRow[] { new(), new() { TokenCount = bad } }), textColumnName: null)).Message, StringComparison.Ordinal);
        foreach (double bad in new[] { double.NaN, 0.5 })
            Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Perplexity(_ml.Data.LoadFromEnumerable(new CountedRow[] { new(), new() { LogProbability = bad } }), textColumnName: null)).Message, StringComparison.Ordinal);
        // What a model takes for impossible is infinitely surprising, no error.
        Assert.Equal(double.PositiveInfinity, _ml.Evaluation.Perplexity(_ml.Data.LoadFromEnumerable(new CountedRow[] { new() { LogProbability = double.NegativeInfinity } }), textColumnName: null).Metrics.Perplexity);
    }

    [Fact]
    public void WeightsAreRefusedByRow()
    {
        foreach (float bad in new[] { float.NaN, -1, float.PositiveInfinity })
        {
            IDataView view = _ml.Data.LoadFromEnumerable(new WeightedRow[] { new(), new() { Weight = bad } });
            Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Fairness(view, "Group", weightColumnName: "Weight")).Message, StringComparison.Ordinal);
            Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => _ml.Evaluation.BinaryClassification(view, weightColumnName: "Weight")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NothingCountedIsAnErrorAndNotANumber()
    {
        Func<object>[] empty =
        [
            new BleuAccumulator().Compute, new ChrfAccumulator().Compute, new TerAccumulator().Compute, new RougeAccumulator().Compute, new MeteorAccumulator().Compute, new ErrorRateAccumulator().Compute, new SquadAccumulator().Compute,
            new EntityAccumulator().Compute, new BinaryScoreAccumulator().Compute, new RegressionAccumulator().Compute, () => new ClassificationAccumulator(2).Compute(), new GroupFairnessAccumulator().Compute,
        ];
        foreach (Func<object> compute in empty) Assert.Throws<InvalidOperationException>(compute);
        Assert.Null(new PerplexityAccumulator().Compute().Perplexity);
    }

    [Fact]
    public void AWarningCountsARowOnce()
    {
        BleuAccumulator bleu = new();
        bleu.Add("\uD800", ["", "", "\uDC00"]);
        Assert.All(bleu.Compute().Warnings, warning => Assert.Equal((1L, 0L), (warning.Count, warning.FirstRow)));
        Assert.Equal(2, bleu.Compute().Warnings.Count);
    }

    [Fact]
    public void TemperatureSelfBleuAndClusters()
    {
        ClassRow[] rows = [new() { Class = "a", Score = [4, 0, 0], Source = "x" }, new() { Class = "b", Score = [4, 0, 0], Source = "x" }, new() { Class = "c", Score = [0, 1, 3], Source = "y" }, new() { Class = "a", Score = [1, 0, 2], Source = "y" }];
        IDataView view = _ml.Data.LoadFromEnumerable(rows);
        view = _ml.Transforms.Conversion.MapValueToKey("Label", nameof(ClassRow.Class)).Fit(view).Transform(view);
        TemperatureAccumulator temperature = new(3);
        foreach (ClassRow row in rows) temperature.Add(row.Score, row.Class[0] - 'a');
        EvaluationResult<TemperatureScaling> scaling = _ml.Evaluation.TemperatureScaling(view);
        Assert.Equal(TemperatureOutcome.Fitted, scaling.Metrics.Outcome);
        Assert.Equal(temperature.Compute(), scaling.Metrics);
        Assert.Equal(scaling.Metrics.Temperature, scaling["Temperature"].Value);

        string[] texts = ["the cat sat on the mat", "the cat sat on a mat", "rain fell all day long"];
        Assert.Equal(SelfBleu.Compute(texts, cancellation: TestContext.Current.CancellationToken).Mean, _ml.Evaluation.SelfBleu(_ml.Data.LoadFromEnumerable(texts.Select(text => new TextRow { GeneratedText = text }))).Metrics.Mean);
        Assert.Throws<OperationCanceledException>(() => _ml.Evaluation.SelfBleu(_ml.Data.LoadFromEnumerable(texts.Select(text => new TextRow { GeneratedText = text })), evaluation: new EvaluationOptions { Cancellation = new CancellationToken(canceled: true) }));

        ClusteringAccumulator<string, string> clusters = new();
        foreach (ClassRow row in rows) clusters.Add(row.Class, row.Source);
        Assert.Equal(clusters.Compute().AdjustedRandIndex, _ml.Evaluation.Clustering(view, "Label", nameof(ClassRow.Source)).Metrics.AdjustedRandIndex);
    }

    private string[] Everything()
    {
        IDataView texts = _ml.Data.LoadFromEnumerable(new TextRow[] { new() { GeneratedText = "the cat sat on the mat", Reference = "the cat sat on a mat", Source = "x", Question = "q" }, new() { GeneratedText = "a dog ran", Reference = "dogs run in parks", Source = "y", Question = "r" } });
        IDataView numbers = _ml.Data.LoadFromEnumerable(new NumberRow[] { new() { Label = -1.5, Score = 2.25f }, new() { Label = 3, Score = 3.5f }, new() { Label = 5, Score = -3 } });
        IDataView decisions = _ml.Data.LoadFromEnumerable(new BinaryRow[] { new() { Label = true, Probability = 0.75f, Group = 1 }, new() { Label = false, Probability = 0.5f, Group = -2 }, new() { Label = true, Probability = 0.25f, Group = 1 } });
        EvaluationOptions options = new() { ConfidenceIntervals = true, SliceColumnName = nameof(TextRow.Source), ExampleColumnName = nameof(TextRow.Question) }, plain = new() { ConfidenceIntervals = true, SliceColumnName = "Label" };
        EvaluationResult<BleuMetrics> bleu = _ml.Evaluation.Bleu(texts, evaluation: options);
        EvaluationReport[] reports =
        [
            bleu.ToReport("BLEU"), _ml.Evaluation.Rouge(texts, evaluation: options).ToReport("ROUGE"), _ml.Evaluation.Ter(texts, evaluation: options).ToReport("TER"), _ml.Evaluation.ErrorRates(texts, evaluation: options).ToReport("rates"),
            _ml.Evaluation.Regression(numbers, evaluation: plain).ToReport("numbers"), _ml.Evaluation.BinaryClassification(decisions, evaluation: plain).ToReport("decisions"), _ml.Evaluation.Fairness(decisions, "Group", evaluation: plain).ToReport("groups"),
        ];
        string error = Assert.Throws<ArgumentException>(() => _ml.Evaluation.BinaryClassification(_ml.Data.LoadFromEnumerable(new BinaryRow[] { new() { Probability = -0.5f } }))).Message;
        return [.. reports.SelectMany(report => new[] { report.ToText(), report.ToJson(), report.ToHtml() }), $"{bleu.Metrics}", $"{bleu.Metrics.Signature}", $"{bleu["BLEU"].Interval}", error];
    }

    private sealed class CountedRow
    {
        public double LogProbability { get; set; } = -1;

        public double TokenCount { get; set; } = 1;
    }

    private sealed class WeightedRow
    {
        public bool Label { get; set; }

        public bool PredictedLabel { get; set; }

        public float Probability { get; set; } = 0.5f;

        public string Group { get; set; } = "g";

        public float Weight { get; set; } = 1;
    }
}
