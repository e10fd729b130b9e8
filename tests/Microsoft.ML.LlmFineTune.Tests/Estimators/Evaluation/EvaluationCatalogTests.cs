using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators.Evaluation;

public sealed class EvaluationCatalogTests
{
    private static readonly string[] s_candidates = ["the cat sat on the mat", "a dog ran in the park today", "rain fell all day long here", "the cat is on a mat there"];
    private static readonly string[] s_references = ["the cat sat on a mat", "a dog ran in the park", "rain fell all night long here", "there is a cat on the mat"];

    private readonly MLContext _ml = new(1);

    private IDataView Texts(IEnumerable<string>? candidates = null) =>
        _ml.Data.LoadFromEnumerable((candidates ?? s_candidates).Select((text, i) => new TextRow { GeneratedText = text, Reference = s_references[i], References = [s_references[i], s_candidates[0]], Source = i < 2 ? "news" : "forum", Question = $"question {i}" }));

    [Fact]
    public void TextMetricsAreThoseOfTheAccumulators()
    {
        IDataView view = Texts();
        Assert.Equal(Bleu.Corpus(s_candidates, s_references).Score, _ml.Evaluation.Bleu(view).Metrics.Score);
        Assert.Equal(Bleu.Corpus(s_candidates, s_references.Select(reference => (IReadOnlyList<string?>)[reference, s_candidates[0]])).Score, _ml.Evaluation.Bleu(view, referenceColumnName: nameof(TextRow.References)).Metrics.Score);
        Assert.Equal(Chrf.Corpus(s_candidates, s_references, ChrfOptions.PlusPlus).Score, _ml.Evaluation.Chrf(view, options: ChrfOptions.PlusPlus).Metrics.Score);
        Assert.Equal(Ter.Corpus(s_candidates, s_references).Score, _ml.Evaluation.Ter(view).Metrics.Score);
        Assert.Equal(Rouge.Corpus(s_candidates, s_references).RougeL, _ml.Evaluation.Rouge(view).Metrics.RougeL);
        Assert.Equal(Meteor.Sentence(s_candidates[0], [s_references[0]]), _ml.Evaluation.Meteor(Texts(s_candidates[..1])).Metrics.Score, 12);
        ErrorRateAccumulator rates = new();
        foreach ((string candidate, string reference) in s_candidates.Zip(s_references)) rates.Add(candidate, reference);
        Assert.Equal(rates.Compute().WordErrorRate, _ml.Evaluation.ErrorRates(view).Metrics.WordErrorRate);
        DiversityAccumulator diversity = new();
        foreach (string text in s_candidates) diversity.Add(text);
        Assert.Equal(diversity.Compute().Distinct, _ml.Evaluation.Diversity(view).Metrics.Distinct);
    }

    [Fact]
    public void IntervalsSlicesAndWorstRows()
    {
        EvaluationResult<BleuMetrics> result = _ml.Evaluation.Bleu(Texts(), evaluation: new EvaluationOptions { ConfidenceIntervals = true, SliceColumnName = nameof(TextRow.Source), ExampleColumnName = nameof(TextRow.Question), MaximumExamples = 2 });
        BleuAccumulator accumulator = new(keepSegments: true);
        List<double> scores = [.. s_candidates.Zip(s_references, accumulator.Add)];
        Assert.Equal(Bootstrap.Interval(accumulator.PerSegment!), result["BLEU"].Interval);
        Assert.Equal(["forum", "news"], result.Slices.Select(slice => slice.Name));
        Assert.Equal(Bleu.Corpus(s_candidates[..2], s_references[..2]).Score, result.Slices[1].Metrics.Score);
        Assert.Equal(2, result.Slices[1].Rows);
        Assert.NotNull(result.Slices[1].Figures[0].Interval);
        int[] worst = [.. Enumerable.Range(0, 4).OrderBy(i => scores[i]).Take(2)];
        Assert.Equal(worst.Select(i => new ReportMistake($"question {i}", s_references[i], s_candidates[i], 100 - scores[i])), result.WorstRows);
        string html = result.ToReport("Translation").ToHtml();
        Assert.Contains("forum", html, StringComparison.Ordinal);
        Assert.Contains($"question {worst[0]}", html, StringComparison.Ordinal);
        // Another level: percentiles.
        EvaluationResult<BleuMetrics> wide = _ml.Evaluation.Bleu(Texts(), evaluation: new EvaluationOptions { ConfidenceIntervals = true, ConfidenceLevel = 0.5 });
        Assert.Equal(Bootstrap.PercentileInterval(accumulator.PerSegment!.Score(), Bootstrap.Scores(accumulator.PerSegment!), 0.5), wide["BLEU"].Interval);
        Assert.Null(_ml.Evaluation.Bleu(Texts())["BLEU"].Interval);
        Assert.Throws<ArgumentException>(() => result["ROUGE"]);
    }

    [Fact]
    public void TwoViewsAreCompared()
    {
        IDataView baseline = Texts(["a cat", "a dog ran", "rain", "cat"]), system = Texts();
        BleuAccumulator before = new(keepSegments: true), after = new(keepSegments: true);
        foreach ((string candidate, string reference) in new[] { "a cat", "a dog ran", "rain", "cat" }.Zip(s_references)) before.Add(candidate, reference);
        foreach ((string candidate, string reference) in s_candidates.Zip(s_references)) after.Add(candidate, reference);
        PairedComparison found = Assert.Single(_ml.Evaluation.Compare(baseline, system, (view, options) => _ml.Evaluation.Bleu(view, evaluation: options)));
        Assert.Equal(PairedTests.Bootstrap(before.PerSegment!, after.PerSegment!), found);
        Assert.True(found.Difference > 0);
        ResamplingOptions few = new() { Samples = 50, Seed = 3 };
        Assert.Equal(PairedTests.ApproximateRandomization(before.PerSegment!, after.PerSegment!, few), Assert.Single(_ml.Evaluation.Compare(baseline, system, (view, options) => _ml.Evaluation.Bleu(view, evaluation: options), PairedTest.ApproximateRandomization, few)));
        // Other rows, and rows that weren't kept.
        EvaluationResult<BleuMetrics> kept = _ml.Evaluation.Bleu(system, evaluation: new EvaluationOptions { KeepRows = true });
        Assert.Contains("4 rows, the baseline 3", Assert.Throws<ArgumentException>(() => kept.CompareTo(_ml.Evaluation.Bleu(Texts(s_candidates[..3]), evaluation: new EvaluationOptions { KeepRows = true }))).Message, StringComparison.Ordinal);
        Assert.Contains("what was expected differs", Assert.Throws<ArgumentException>(() => kept.CompareTo(_ml.Evaluation.Bleu(system, referenceColumnName: nameof(TextRow.Question), evaluation: new EvaluationOptions { KeepRows = true }))).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => kept.CompareTo(_ml.Evaluation.Bleu(system)));
    }

    [Fact]
    public void AnswersAndTags()
    {
        IDataView answers = _ml.Data.LoadFromEnumerable(new AnswerRow[] { new() { PredictedAnswer = "The cat", Answers = ["cat", "a dog"], NoAnswer = 0.1f }, new() { PredictedAnswer = "", Answers = [], NoAnswer = 0.9f }, new() { PredictedAnswer = "blue sky", Answers = ["grey sky"], NoAnswer = 0.2f } });
        EvaluationResult<SquadMetrics> squad = _ml.Evaluation.QuestionAnswering(answers, noAnswerProbabilityColumnName: nameof(AnswerRow.NoAnswer), evaluation: new EvaluationOptions { ConfidenceIntervals = true });
        Assert.Equal(200.0 / 3, squad.Metrics.ExactMatch, 10);
        Assert.Equal(250.0 / 3, squad.Metrics.F1, 10);
        Assert.Equal(squad.Metrics.F1, squad["F1"].Interval!.Score, 10);
        Assert.NotNull(squad.Metrics.BestF1);

        IDataView tags = _ml.Data.LoadFromEnumerable(new TagRow[] { new() { Label = ["B-PER", "I-PER", "O"], PredictedLabel = ["B-PER", "I-PER", "B-LOC"] }, new() { Label = ["O", "B-LOC"], PredictedLabel = ["O", "O"] } });
        EntityMetrics expected = Entities([["B-PER", "I-PER", "O"], ["O", "B-LOC"]], [["B-PER", "I-PER", "B-LOC"], ["O", "O"]]);
        EvaluationResult<EntityMetrics> entities = _ml.Evaluation.TokenTags(tags, evaluation: new EvaluationOptions { ConfidenceIntervals = true });
        Assert.Equal(expected.Micro, entities.Metrics.Micro);
        Assert.Equal(0.5, entities["Micro F1"].Interval!.Score);
        // Keys say the same.
        IDataView keys = _ml.Transforms.Conversion.MapValueToKey([new InputOutputColumnPair("Label"), new InputOutputColumnPair("PredictedLabel")]).Fit(tags).Transform(tags);
        Assert.Equal(expected.Micro, _ml.Evaluation.TokenTags(keys).Metrics.Micro);

        static EntityMetrics Entities(string[][] actual, string[][] predicted)
        {
            EntityAccumulator accumulator = new();
            foreach ((string[] first, string[] second) in actual.Zip(predicted)) accumulator.Add(first, second);
            return accumulator.Compute();
        }
    }

    [Fact]
    public void Classes()
    {
        Random random = new(5);
        string[] names = ["ant", "bee", "cow"];
        List<ClassRow> rows = [.. Enumerable.Range(0, 90).Select(i =>
        {
            float[] scores = [.. names.Select(_ => (float)random.NextDouble() + 0.01f)];
            return new ClassRow { Class = names[random.Next(3)], Predicted = names[random.Next(3)], Score = [.. scores.Select(score => score / scores.Sum())], Weight = 1 + random.Next(3), Source = i % 2 == 0 ? "even" : "odd" };
        })];
        IDataView view = _ml.Transforms.Conversion.MapValueToKey("Label", nameof(ClassRow.Class)).Fit(_ml.Data.LoadFromEnumerable(names.Select(name => new ClassRow { Class = name }))).Transform(_ml.Data.LoadFromEnumerable(rows));
        EvaluationResult<MulticlassEvaluationMetrics> result = _ml.Evaluation.MulticlassClassification(view, weightColumnName: nameof(ClassRow.Weight), options: new MulticlassEvaluationOptions { Curves = true },
            evaluation: new EvaluationOptions { ConfidenceIntervals = true, SliceColumnName = nameof(ClassRow.Source), ExampleColumnName = nameof(ClassRow.Source) });
        ProbabilityAccumulator expected = new(3, classNames: names);
        foreach (ClassRow row in rows) expected.Add(row.Score, Array.IndexOf(names, row.Class), row.Weight);
        Assert.Equal(expected.Compute().LogLoss, result.Metrics.Probabilities.LogLoss, 12);
        Assert.Equal(expected.Compute().Labels.Macro, result.Metrics.Labels.Macro);
        // The statistics of the rows add up to the metrics.
        foreach (string name in new[] { "Accuracy", "Macro F1", "Log loss" }) Assert.Equal(result[name].Value, result[name].Interval!.Score, 10);
        Assert.Equal(20, result.WorstRows.Count);
        Assert.Equal(result.WorstRows.OrderByDescending(row => row.Score), result.WorstRows);
        Assert.Equal(2, result.Slices.Count);
        Assert.NotNull(result.Metrics.Curves);
        Assert.Equal("ant", result.Metrics.Labels.ClassNames[0]);
        Assert.Contains("Confusion matrix", result.ToReport("Animals").ToHtml(), StringComparison.OrdinalIgnoreCase);
        // As ML.NET counts, which has no weights here.
        EvaluationResult<MulticlassEvaluationMetrics> plain = _ml.Evaluation.MulticlassClassification(view);
        MulticlassClassificationMetrics mlnet = _ml.MulticlassClassification.Evaluate(_ml.Transforms.CopyColumns("PredictedLabel", "Label").Fit(view).Transform(view));
        Assert.Equal(mlnet.MicroAccuracy, plain.Metrics.Labels.Accuracy, 12);
        Assert.Equal(mlnet.LogLoss, plain.Metrics.Probabilities.LogLoss, 6);

        EvaluationResult<ClassificationMetrics> labels = _ml.Evaluation.Labels(view, nameof(ClassRow.Class), nameof(ClassRow.Predicted), evaluation: new EvaluationOptions { ConfidenceIntervals = true });
        Assert.Equal(rows.Count(row => row.Class == row.Predicted) / 90.0, labels.Metrics.Accuracy, 12);
        Assert.Equal(labels.Metrics.Accuracy, labels["Accuracy"].Interval!.Score, 12);
    }

    [Fact]
    public void LogitsBecomeProbabilities()
    {
        IDataView view = Keyed([new() { Class = "ant", Score = [2, 1, 0] }, new() { Class = "bee", Score = [1000, -1000, 0] }, new() { Class = "cow", Score = [0, 0, 1] }]);
        MulticlassEvaluationMetrics metrics = _ml.Evaluation.MulticlassClassification(view, options: new MulticlassEvaluationOptions { ScoresAreLogits = true }).Metrics;
        Assert.Equal(2.0 / 3, metrics.Labels.Accuracy, 12);
        Assert.Contains("Row 0", Assert.Throws<ArgumentException>(() => _ml.Evaluation.MulticlassClassification(view)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingLabelsAreLeftOutAndCounted()
    {
        IDataView view = Keyed([new() { Class = "ant", Score = [0.8f, 0.1f, 0.1f] }, new() { Class = "unknown", Score = [0.8f, 0.1f, 0.1f] }, new() { Class = "bee", Score = [0.8f, 0.1f, 0.2f] }]);
        EvaluationResult<MulticlassEvaluationMetrics> result = _ml.Evaluation.MulticlassClassification(view, evaluation: new EvaluationOptions { ConfidenceIntervals = true, SliceColumnName = nameof(ClassRow.Class) });
        Assert.Equal(0.5, result.Metrics.Labels.Accuracy);
        Assert.Equal(0.5, result["Accuracy"].Interval!.Score);
        Assert.Contains(result.Warnings, warning => warning.Count == 1 && warning.FirstRow == 1 && warning.Message.Contains("label is missing", StringComparison.Ordinal));
        Assert.Contains(result.Warnings, warning => warning.Message.Contains("sum to one", StringComparison.Ordinal));
        Assert.Contains(result.Warnings, warning => warning.Message.Contains("'unknown'", StringComparison.Ordinal) && warning.FirstRow == 1);
        Assert.Equal(["ant", "bee"], result.Slices.Select(slice => slice.Name));
        Assert.Contains("Warnings", result.ToReport("x").ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void DecisionsAndGroups()
    {
        Random random = new(7);
        List<BinaryRow> rows = [.. Enumerable.Range(0, 60).Select(i => new BinaryRow { Label = random.Next(2) == 0, Probability = random.NextSingle(), Group = i % 3 })];
        foreach (BinaryRow row in rows) row.PredictedLabel = row.Probability >= 0.4f;
        IDataView view = _ml.Data.LoadFromEnumerable(rows);
        EvaluationResult<BinaryEvaluationMetrics> binary = _ml.Evaluation.BinaryClassification(view, threshold: 0.4, evaluation: new EvaluationOptions { ConfidenceIntervals = true });
        BinaryScoreAccumulator scores = new();
        GroupFairnessAccumulator fairness = new();
        foreach (BinaryRow row in rows)
        {
            scores.Add(row.Label, row.Probability);
            fairness.Add(row.Label, row.PredictedLabel, $"{row.Group}");
        }
        Assert.Equal(scores.Compute().RocAuc, binary.Metrics.Scores.RocAuc);
        foreach (string name in new[] { "Accuracy", "Brier score" }) Assert.Equal(binary[name].Value, binary[name].Interval!.Score, 12);
        Assert.Contains("ROC curve", binary.ToReport("x").ToHtml(), StringComparison.Ordinal);
        EvaluationResult<GroupFairnessMetrics> fair = _ml.Evaluation.Fairness(view, nameof(BinaryRow.Group));
        Assert.Equal(fairness.Compute().EqualizedOddsDifference, fair.Metrics.EqualizedOddsDifference);
        Assert.Equal(["0", "1", "2"], fair.Metrics.PerGroup.Keys);
    }

    [Fact]
    public void LabelsNumbersSearchesAndLikelihoods()
    {
        IDataView labels = _ml.Data.LoadFromEnumerable(new MultiRow[] { new() { Label = [true, false, true], Score = [0.9f, 0.6f, 0.2f] }, new() { Label = [false, false, true], Score = [0.1f, 0.2f, 0.8f] } });
        EvaluationResult<MultiLabelEvaluationMetrics> multi = _ml.Evaluation.MultiLabelClassification(labels, curves: true, evaluation: new EvaluationOptions { ConfidenceIntervals = true });
        Assert.Equal((0.5, 2.0 / 6), (multi.Metrics.Labels.SubsetAccuracy, multi.Metrics.Labels.HammingLoss));
        foreach (string name in new[] { "Subset accuracy", "Micro F1" }) Assert.Equal(multi[name].Value, multi[name].Interval!.Score, 12);

        IDataView numbers = _ml.Data.LoadFromEnumerable(new NumberRow[] { new() { Label = 1, Score = 2 }, new() { Label = 3, Score = 3 }, new() { Label = 5, Score = 3 } });
        EvaluationResult<RegressionEvaluationMetrics> regression = _ml.Evaluation.Regression(numbers, evaluation: new EvaluationOptions { ConfidenceIntervals = true, SliceColumnName = "Label" });
        Assert.Equal(1, regression.Metrics.Errors.MeanAbsoluteError);
        foreach (string name in new[] { "Mean absolute error", "Root mean squared error" }) Assert.Equal(regression[name].Value, regression[name].Interval!.Score, 12);
        // A slice of one row has no correlation; the report has a dash there.
        Assert.Contains("–", regression.ToReport("x").ToText(), StringComparison.Ordinal);

        IDataView searches = _ml.Data.LoadFromEnumerable(new SearchRow[] { new() { Relevant = ["a"], Found = ["b", "a"], Scores = [0.9f, 0.8f] }, new() { Relevant = [], Found = ["a"], Scores = [1] }, new() { Relevant = ["a", "c"], Found = ["a", "b"], Scores = [0.1f, 0.2f] } });
        EvaluationResult<RetrievalMetrics> ranked = _ml.Evaluation.Retrieval(searches, ks: [1, 2], evaluation: new EvaluationOptions { ConfidenceIntervals = true });
        Assert.Equal(0.75, ranked.Metrics.At(2).MeanReciprocalRank);
        Assert.Equal(0.75, ranked["MRR@2"].Interval!.Score);
        Assert.Equal(1, Assert.Single(ranked.Warnings).FirstRow);
        Assert.Equal(0.5, _ml.Evaluation.Retrieval(searches, scoreColumnName: nameof(SearchRow.Scores), ks: [2]).Metrics.At(2).MeanReciprocalRank);

        IDataView likelihoods = _ml.Data.LoadFromEnumerable(new LikelihoodRow[] { new() { Text = "ab cd", LogProbability = -6, TokenCount = 2 }, new() { Text = "e", LogProbability = -3, TokenCount = 1 } });
        EvaluationResult<PerplexityMetrics> perplexity = _ml.Evaluation.Perplexity(likelihoods, evaluation: new EvaluationOptions { ConfidenceIntervals = true });
        Assert.Equal(Math.Exp(3), perplexity.Metrics.Perplexity!.Value, 9);
        Assert.Equal(9 / 6.0 / Math.Log(2), perplexity["Bits per byte"].Interval!.Score, 9);
        Assert.Equal(perplexity["Perplexity"].Value, perplexity["Perplexity"].Interval!.Score, 9);

        IDataView pairs = _ml.Data.LoadFromEnumerable(new PairRow[] { new() { First = [1, 0], Second = [1, 0], Label = 5 }, new() { First = [1, 0], Second = [1, 1], Label = 3 }, new() { First = [1, 0], Second = [0, 1], Label = 0 } });
        Assert.Equal(1, _ml.Evaluation.Similarity(pairs).Metrics.Spearman, 12);
    }

    [Fact]
    public void LabelsAreMatchedToScoresByName()
    {
        // The key of the test set has another order than the model's scores.
        IDataView scored = Toy.View(_ml, 60, seed: 2);
        using LanguageModel model = Toy.Model();
        IDataView trained = Toy.Pipeline(_ml, model, Toy.Classification with { Epochs = 2 }).Fit(Toy.View(_ml, 90)).Transform(scored);
        IDataView reversed = _ml.Transforms.Conversion.MapValueToKey("Other", nameof(LabeledRow.Class)).Fit(_ml.Data.LoadFromEnumerable(Toy.Rows(60).Reverse())).Transform(trained);
        Assert.Equal(_ml.Evaluation.MulticlassClassification(reversed).Metrics.Labels.Accuracy, _ml.Evaluation.MulticlassClassification(reversed, "Other").Metrics.Labels.Accuracy);
        IDataView strange = _ml.Transforms.Conversion.MapValueToKey("Other", nameof(LabeledRow.Text)).Append(_ml.Transforms.Conversion.MapValueToKey("Mixed", nameof(LabeledRow.Class))).Fit(trained).Transform(trained);
        Assert.Contains("'Score'", Assert.Throws<ArgumentException>(() => _ml.Evaluation.MulticlassClassification(strange, "Other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AWrongSchemaIsRefusedBeforeAnyRowIsRead()
    {
        IDataView view = Texts();
        Assert.Contains("Column 'Absent' is missing: it has to be text", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Bleu(view, "Absent")).Message, StringComparison.Ordinal);
        Assert.Contains("Column 'References' has to be text (a string), and is", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Bleu(view, nameof(TextRow.References))).Message, StringComparison.Ordinal);
        Assert.Contains("Column 'GeneratedText' has to be a vector", Assert.Throws<ArgumentException>(() => _ml.Evaluation.TokenTags(view, "GeneratedText")).Message, StringComparison.Ordinal);
        Assert.Contains("Column 'Reference' has to be a number", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Regression(view, "Reference", "Reference")).Message, StringComparison.Ordinal);
        Assert.Contains("Column 'References' has to be text, a key", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Bleu(view, evaluation: new EvaluationOptions { SliceColumnName = "References" })).Message, StringComparison.Ordinal);
        Assert.Contains("more than 2 different values", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Bleu(view, evaluation: new EvaluationOptions { SliceColumnName = "Question", MaximumSlices = 2 })).Message, StringComparison.Ordinal);
        Assert.Contains("needs rows", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Bleu(Texts([]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BadValuesNameTheirRow()
    {
        Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => _ml.Evaluation.BinaryClassification(_ml.Data.LoadFromEnumerable(new BinaryRow[] { new() { Probability = 1 }, new() { Probability = float.NaN } }))).Message, StringComparison.Ordinal);
        Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Regression(_ml.Data.LoadFromEnumerable(new NumberRow[] { new(), new() { Score = float.NaN } }))).Message, StringComparison.Ordinal);
        Assert.Contains("row 0", Assert.Throws<ArgumentException>(() => _ml.Evaluation.TokenTags(_ml.Data.LoadFromEnumerable(new TagRow[] { new() { Label = ["O"], PredictedLabel = ["O", "O"] } }))).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Row 0", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Perplexity(_ml.Data.LoadFromEnumerable(new LikelihoodRow[] { new() { LogProbability = 1 } }))).Message, StringComparison.Ordinal);
        Assert.Contains("Row 0", Assert.Throws<ArgumentException>(() => _ml.Evaluation.Retrieval(_ml.Data.LoadFromEnumerable(new SearchRow[] { new() { Relevant = ["a"], Found = ["a"], Scores = [] } }), scoreColumnName: "Scores")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ItCanBeCancelled()
    {
        CancellationToken cancelled = new(canceled: true);
        Assert.Throws<OperationCanceledException>(() => _ml.Evaluation.Bleu(Texts(), evaluation: new EvaluationOptions { Cancellation = cancelled }));
        Assert.Throws<OperationCanceledException>(() => _ml.Evaluation.Bleu(Texts(), evaluation: new EvaluationOptions { ConfidenceIntervals = true, Resampling = new ResamplingOptions { Cancellation = cancelled } }));
    }

    [Fact]
    public void BadOptionsAreRefused()
    {
        Assert.Throws<ArgumentException>(() => new EvaluationOptions { ConfidenceLevel = 1 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new EvaluationOptions { MaximumSlices = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new EvaluationOptions { MaximumExamples = 0 }.Validate());
        Assert.Throws<ArgumentException>(() => new EvaluationOptions { SliceColumnName = " " }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new MulticlassEvaluationOptions { CalibrationBins = 0 }.Validate());
        EvaluationOptions defaults = new();
        Assert.Equal((false, 0.95, false, null, 1000, null, 20), (defaults.ConfidenceIntervals, defaults.ConfidenceLevel, defaults.KeepRows, defaults.SliceColumnName, defaults.MaximumSlices, defaults.ExampleColumnName, defaults.MaximumExamples));
    }

    private IDataView Keyed(ClassRow[] rows) => _ml.Transforms.Conversion.MapValueToKey("Label", nameof(ClassRow.Class))
        .Fit(_ml.Data.LoadFromEnumerable(new[] { "ant", "bee", "cow" }.Select(name => new ClassRow { Class = name }))).Transform(_ml.Data.LoadFromEnumerable(rows));
}

public sealed class TextRow
{
    public string GeneratedText { get; set; } = "";

    public string Reference { get; set; } = "";

    public string[] References { get; set; } = [];

    public string Source { get; set; } = "";

    public string Question { get; set; } = "";
}

public sealed class AnswerRow
{
    public string PredictedAnswer { get; set; } = "";

    public string[] Answers { get; set; } = [];

    public float NoAnswer { get; set; }
}

public sealed class TagRow
{
    public string[] Label { get; set; } = [];

    public string[] PredictedLabel { get; set; } = [];
}

public sealed class ClassRow
{
    public string Class { get; set; } = "";

    public string Predicted { get; set; } = "";

    [VectorType(3)] public float[] Score { get; set; } = [0, 0, 0];

    public float Weight { get; set; }

    public string Source { get; set; } = "";
}

public sealed class BinaryRow
{
    public bool Label { get; set; }

    public bool PredictedLabel { get; set; }

    public float Probability { get; set; }

    public int Group { get; set; }
}

public sealed class MultiRow
{
    [VectorType(3)] public bool[] Label { get; set; } = [];

    [VectorType(3)] public float[] Score { get; set; } = [];
}

public sealed class NumberRow
{
    public double Label { get; set; }

    public float Score { get; set; }
}

public sealed class SearchRow
{
    public string[] Relevant { get; set; } = [];

    public string[] Found { get; set; } = [];

    public float[] Scores { get; set; } = [];
}

public sealed class LikelihoodRow
{
    public string Text { get; set; } = "";

    public float LogProbability { get; set; }

    public int TokenCount { get; set; }
}

public sealed class PairRow
{
    [VectorType(2)] public float[] First { get; set; } = [];

    [VectorType(2)] public float[] Second { get; set; } = [];

    public float Label { get; set; }
}
