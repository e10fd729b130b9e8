using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class TextClassificationTests : IDisposable
{
    private readonly MLContext _ml = new(1);
    private readonly LanguageModel _model = Toy.Model();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void ItLearnsInsideAnOrdinaryPipeline()
    {
        var chain = Toy.Pipeline(_ml, _model).Fit(Toy.View(_ml, 150));
        var scored = chain.Transform(Toy.View(_ml, 60, seed: 2));
        var metrics = _ml.MulticlassClassification.Evaluate(scored);
        Assert.True(metrics.MicroAccuracy > 0.95, $"micro-accuracy {metrics.MicroAccuracy}");
        Assert.Equal(Toy.Rows(60).Select(row => row.Class).Distinct(), Names(scored.Schema["Score"]));
        var rows = _ml.Data.CreateEnumerable<TextClassificationPrediction>(scored, reuseRowObject: false).ToList();
        Assert.All(rows, row => Assert.Equal(1, row.Score.Sum(), 1e-5));
        Assert.All(rows, row => Assert.Equal(Names(scored.Schema["Score"])[Array.IndexOf(row.Score, row.Score.Max())], row.PredictedLabel));
    }

    [Fact]
    public void AnEngineAnswersLikeTheView()
    {
        var chain = Toy.Pipeline(_ml, _model, Toy.Classification with { Epochs = 1 }).Fit(Toy.View(_ml, 60));
        var data = Toy.View(_ml, 40, seed: 3);
        var rows = _ml.Data.CreateEnumerable<TextClassificationPrediction>(chain.Transform(data), reuseRowObject: false).ToList();
        using var engine = _ml.Model.CreatePredictionEngine<LabeledRow, TextClassificationPrediction>(chain);
        foreach (var (row, expected) in Toy.Rows(40, seed: 3).Zip(rows))
        {
            var alone = engine.Predict(row);
            Assert.Equal(expected.PredictedLabel, alone.PredictedLabel);
            // Alone a text is not padded, so sums run in another order.
            for (int label = 0; label < 3; label++)
                Assert.Equal(expected.Score[label], alone.Score[label], 1e-5);
        }
    }

    [Fact]
    public void RatesAreFoundForWhatWouldBeTrained()
    {
        var data = _ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabeledRow.Class)).Fit(Toy.View(_ml, 60)).Transform(Toy.View(_ml, 60));
        var options = Toy.Classification with { Seed = 5 };
        FirstLoss first = new();
        byte[] before = Weights();
        _ml.LanguageModels.ClassifyText(_model, options with { Observers = [first] }).Fit(data);
        RateCurve curve = _ml.LanguageModels.FindLearningRate(_model, data, options, new RateRangeOptions { StartRate = 1e-3, Steps = 20, Smoothing = 0 });
        Assert.Equal(first.Loss!.Value, curve.Points[0].Loss, 1e-6);
        Assert.True(curve.IsFinished);
        Assert.Equal(before, Weights());
        Assert.Contains("'Label' is missing", Assert.Throws<ArgumentException>(() => _ml.LanguageModels.FindLearningRate(_model, Toy.View(_ml, 9), options)).Message);
        var adapted = _ml.LanguageModels.FindLearningRate(_model, data, options with { Adapter = new LoraOptions() }, new RateRangeOptions { StartRate = 1e-3, Steps = 5, Smoothing = 0 });
        Assert.Equal(first.Loss.Value, adapted.Points[0].Loss, 1e-6);

        byte[] Weights() => [.. _model.Backbone.parameters().SelectMany(parameter => parameter.bytes.ToArray())];
    }

    [Fact]
    public void CrossValidationWorks()
    {
        var data = _ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabeledRow.Class)).Fit(Toy.View(_ml, 120)).Transform(Toy.View(_ml, 120));
        var folds = _ml.MulticlassClassification.CrossValidate(data, _ml.MulticlassClassification.Trainers.FineTuneLanguageModel(_model, Toy.Classification), numberOfFolds: 2);
        Assert.Equal(2, folds.Count);
        Assert.All(folds, fold => Assert.True(fold.Metrics.MicroAccuracy > 0.6, $"micro-accuracy {fold.Metrics.MicroAccuracy}"));
        Assert.All(folds, fold => Assert.IsType<TextClassificationTransformer>(fold.Model));
    }

    [Fact]
    public void EarlyStoppingTakesTheBestWeights()
    {
        var validation = Toy.View(_ml, 45, seed: 9);
        var options = Toy.Classification with { Epochs = 30, Patience = 2, ValidationData = validation, ValidationLabelColumnName = nameof(LabeledRow.Class) };
        var chain = Toy.Pipeline(_ml, _model, options).Fit(Toy.View(_ml, 90));
        var result = chain.OfType<TextClassificationTransformer>().Single().Training!;
        Assert.Equal(TrainingStopReason.EarlyStopping, result.StopReason);
        Assert.Equal(result.Best!.Step, result.WeightsStep);
        var metrics = _ml.MulticlassClassification.Evaluate(chain.Transform(validation));
        Assert.Equal(result.Best.Metrics["accuracy"], metrics.MicroAccuracy, 1e-9);
        Assert.Equal(result.Best.Loss, metrics.LogLoss, 1e-4);
    }

    [Fact]
    public void TheSameSeedGivesTheSameScores()
    {
        float[] one = Scores(), again = Scores();
        Assert.Equal(one, again);

        float[] Scores()
        {
            var ml = new MLContext(11);
            var chain = Toy.Pipeline(ml, _model, Toy.Classification with { Epochs = 1 }).Fit(Toy.View(ml, 60));
            return [.. chain.Transform(Toy.View(ml, 12, seed: 4)).GetColumn<float[]>("Score").SelectMany(scores => scores)];
        }
    }

    [Fact]
    public void KeysOfNumbersComeBackAsNumbers()
    {
        var rows = Toy.Rows(60).Select(row => new NumberedRow { Text = row.Text, Number = row.Class.Length }).ToList();
        var data = _ml.Data.LoadFromEnumerable(rows);
        var chain = _ml.Transforms.Conversion.MapValueToKey("Label", "Number")
            .Append(_ml.MulticlassClassification.Trainers.FineTuneLanguageModel(_model, Toy.Classification with { Epochs = 1 }))
            .Append(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        string path = Path.Combine(ScratchFolder.New(), "model.zip");
        _ml.Model.Save(chain, data.Schema, path);
        foreach (var model in (ITransformer[])[chain, _ml.Model.Load(path, out _)])
            Assert.All(model.Transform(data).GetColumn<int>("PredictedLabel"), number => Assert.Contains(number, rows.Select(row => row.Number)));
    }

    [Fact]
    public void LabelsThatTrainingDidNotHaveAreCountedAndReported()
    {
        var log = new LogLines(_ml);
        var strangers = Toy.Rows(30, seed: 5).Concat([new LabeledRow { Text = "a stone", Class = "stone" }, new LabeledRow { Text = "no label" }]).ToList();
        var options = Toy.Classification with { Epochs = 1, ValidationData = _ml.Data.LoadFromEnumerable(strangers), ValidationLabelColumnName = nameof(LabeledRow.Class) };
        var chain = Toy.Pipeline(_ml, _model, options).Fit(Toy.View(_ml, 60));
        Assert.Contains(log.Warnings, line => line.StartsWith("2 validation rows have no label, or one that", StringComparison.Ordinal));
        Assert.Equal(30, chain.OfType<TextClassificationTransformer>().Single().Training!.Best!.Targets);

        var none = options with { ValidationData = _ml.Data.LoadFromEnumerable(strangers.Skip(30).ToList()) };
        Assert.Contains("whose label the training data has", Assert.Throws<ArgumentException>(() => Toy.Pipeline(_ml, _model, none).Fit(Toy.View(_ml, 60))).Message);
    }

    [Fact]
    public void TextsLongerThanTheModelAreCountedAndReported()
    {
        var log = new LogLines(_ml);
        var rows = Toy.Rows(30);
        rows[0].Text = string.Join(' ', rows.Select(row => row.Text));
        Toy.Pipeline(_ml, _model, Toy.Classification with { Epochs = 1 }).Fit(_ml.Data.LoadFromEnumerable(rows));
        Assert.Contains(log.Warnings, line => line.StartsWith("Training data: 1 of 30 texts were truncated", StringComparison.Ordinal));
    }

    [Fact]
    public void WrongColumnsAreNamedBeforeTraining()
    {
        var data = Toy.View(_ml, 30);
        Expect("'Class' has to be a key", "String", Toy.Classification with { LabelColumnName = "Class" });
        Expect("'Label' is missing", "Text, Class", Toy.Classification);
        Expect("'Words' is missing", "Text, Class", Toy.Classification with { TextColumnName = "Words" });

        void Expect(string problem, string found, TextClassificationOptions options)
        {
            var estimator = _ml.LanguageModels.ClassifyText(_model, options);
            foreach (Action attempt in (Action[])[() => estimator.Fit(data), () => new EstimatorChain<ITransformer>().Append(estimator).Fit(data)])
            {
                string message = Assert.Throws<ArgumentException>(attempt).Message;
                Assert.Contains(problem, message);
                Assert.Contains(found, message);
            }
        }
    }

    [Fact]
    public void AWrongColumnOfTheValidationDataIsSaidToBeThere()
    {
        var validation = _ml.Data.LoadFromEnumerable<Wordless>([]);
        var options = Toy.Classification with { ValidationData = validation, ValidationLabelColumnName = "Class" };
        Assert.Contains("Column 'Text' of the validation data is missing", Assert.Throws<ArgumentException>(() => Toy.Pipeline(_ml, _model, options).Fit(Toy.View(_ml, 30))).Message);
    }

    [Fact]
    public void BadDataIsRefusedBeforeTraining()
    {
        Expect("received none", Toy.Rows(0));
        Expect("all 30 rows of 'Label' are 'fruit'", [.. Toy.Rows(90).Where(row => row.Class == "fruit")]);
        Expect("all 30 rows of 'Text' are empty", [.. Toy.Rows(30).Select(row => new LabeledRow { Class = row.Class, Text = " " })]);

        void Expect(string problem, IReadOnlyList<LabeledRow> rows) =>
            Assert.Contains(problem, Assert.Throws<ArgumentException>(() => Toy.Pipeline(_ml, _model).Fit(_ml.Data.LoadFromEnumerable(rows))).Message);
    }

    private static string[] Names(DataViewSchema.Column score)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        score.Annotations.GetValue("SlotNames", ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }

    private sealed class Wordless
    {
        public string Class { get; set; } = "";
    }

    private sealed class NumberedRow
    {
        public string Text { get; set; } = "";

        public int Number { get; set; }
    }

    private sealed class FirstLoss : ITrainingObserver
    {
        internal double? Loss { get; private set; }

        public void Stepped(TrainingStep step) => Loss ??= step.Loss;
    }
}
