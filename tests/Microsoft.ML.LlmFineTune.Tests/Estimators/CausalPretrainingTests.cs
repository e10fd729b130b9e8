using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class CausalPretrainingTests
{
    private readonly MLContext _ml = new(1);

    [Fact]
    public void PerplexityFalls()
    {
        var (train, validation) = (Toy.View(_ml, 200), Toy.View(_ml, 40, seed: 2));
        using var model = Toy.Model();
        double before = _ml.LanguageModels.Evaluate(model, validation).Perplexity!.Value;
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Epochs = 8, ValidationData = validation }).Fit(train);
        var after = _ml.LanguageModels.Evaluate(fitted.Transform(validation));
        Assert.True(after.Perplexity < before / 4, $"{before} before, {after.Perplexity} after");
        // The same sums as the validation of the step whose weights were kept.
        Assert.Equal(fitted.Training!.Best!.Loss, after.Loss!.Value, 1e-5);
        // The given model stayed as it was.
        Assert.Equal(before, _ml.LanguageModels.Evaluate(model, validation).Perplexity!.Value);
    }

    [Fact]
    public void A_learning_rate_is_found_and_the_model_stays_as_it_was()
    {
        using var model = Toy.Model();
        float[] before = Weights(model);
        RateCurve curve = _ml.LanguageModels.FindLearningRate(model, Toy.View(_ml, 100), Toy.Pretraining, new RateRangeOptions { StartRate = 1e-5, Steps = 40, Smoothing = 0.7 });
        Assert.True(curve.IsFinished);
        Assert.InRange(curve.Suggest()!.Value, 1e-4, 0.5);
        Assert.Equal(before, Weights(model));
        Assert.Throws<ArgumentException>(() => _ml.LanguageModels.FindLearningRate(model, Toy.View(_ml, 4), Toy.Pretraining with { TextColumnName = "None" }));

        static float[] Weights(LanguageModel model) => [.. model.Decoder.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];
    }

    [Fact]
    public void RowsAreScoredLikeTheModelScoresThemOneByOne()
    {
        using var model = Toy.Model();
        var rows = Toy.Rows(20);
        // Longer than the model's 32 positions.
        rows[3].Text = string.Join(' ', rows.Select(row => row.Text));
        rows[5].Text = "";
        var transformer = Scorer(model);
        var scored = _ml.Data.CreateEnumerable<CausalPretrainingPrediction>(transformer.Transform(_ml.Data.LoadFromEnumerable(rows)), reuseRowObject: false).ToList();
        for (int row = 0; row < rows.Count; row++)
        {
            int[] whole = [model.EndOfText, .. model.Tokenizer.Encode(rows[row].Text), model.EndOfText];
            Assert.Equal(whole.Length - 1, scored[row].TokenCount);
            double expected = 0;
            for (int start = 0; start < whole.Length - 1; start += 32)
            {
                long[] run = [.. whole.Skip(start).Take(33).Select(id => (long)id)];
                using var scope = NewDisposeScope();
                using var noGradients = no_grad();
                var logits = model.Decoder.Logits(model.Decoder.Forward(tensor(run[..^1], [1, run.Length - 1])))[0].log_softmax(1);
                for (int i = 0; i + 1 < run.Length; i++)
                    expected += logits[i, run[i + 1]].item<float>();
            }
            Assert.Equal(expected, scored[row].LogProbability, Math.Abs(expected) * 1e-5);
            Assert.Equal(Math.Exp(-expected / (whole.Length - 1)), scored[row].Perplexity, Math.Exp(-expected / (whole.Length - 1)) * 1e-5);
        }
    }

    [Fact]
    public void CountingTokensNeedsNoModel()
    {
        var model = Toy.Model();
        var view = Scorer(model).Transform(Toy.View(_ml, 30));
        model.Dispose();
        Assert.Equal(30, view.GetColumn<int>("TokenCount").Count());
        Assert.ThrowsAny<Exception>(() => view.GetColumn<float>("Perplexity").Count());
    }

    [Fact]
    public void TheSameSeedGivesTheSameWeights()
    {
        float[] one = Weights(7), again = Weights(7), other = Weights(8);
        Assert.Equal(one, again);
        Assert.NotEqual(one, other);

        static float[] Weights(int contextSeed)
        {
            var ml = new MLContext(contextSeed);
            var model = ml.LanguageModels.Create(Toy.Tokenizer, Toy.Config);
            var fitted = ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining).Fit(Toy.View(ml, 60));
            return [.. fitted.Model.Decoder.parameters().SelectMany(parameter => parameter.detach().reshape(-1).data<float>().ToArray())];
        }
    }

    [Fact]
    public void TheLogTellsTheStory()
    {
        var log = new LogLines(_ml);
        using var model = Toy.Model();
        _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Seed = 5, ValidationData = Toy.View(_ml, 9), Freezing = new() { Frozen = ["transformer.wte*", "transformer.wpe*"] }, Observers = [new TrainingProgress(TextWriter.Null)] }).Fit(Toy.View(_ml, 60));
        var lines = log.All.Select(line => line.Text).ToList();
        string options = Assert.Single(lines, line => line.StartsWith("Seed 5; CausalPretrainingOptions: ", StringComparison.Ordinal));
        Assert.All(["LearningRate = 0.005", "ValidationData = given", "Observers = TrainingProgress", "Freezing.Frozen = transformer.wte*, transformer.wpe*", "Optimizer = none"], option => Assert.Contains(option, options, StringComparison.Ordinal));
        Assert.DoesNotContain("System.", options, StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("60 texts of"));
        Assert.Contains(lines, line => line.Contains("replicas of"));
        Assert.Contains(lines, line => line.StartsWith("Step 1 of", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("Validation after step", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("Training ended (Completed)", StringComparison.Ordinal));
    }

    [Fact]
    public void CancellingKeepsWhatWasLearnt()
    {
        using var cancellation = new CancellationTokenSource();
        using var model = Toy.Model();
        var log = new LogLines(_ml);
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with
        {
            Epochs = 100, Cancellation = cancellation.Token, Observers = [new CancelAt(3, cancellation)],
        }).Fit(Toy.View(_ml, 100));
        Assert.Equal(TrainingStopReason.Cancelled, fitted.Training!.StopReason);
        Assert.Equal(3, fitted.Training.Steps);
        Assert.Contains(log.Warnings, line => line.Contains("cancelled after 3 steps"));
        Assert.True(double.IsFinite(_ml.LanguageModels.Evaluate(fitted.Model, Toy.View(_ml, 10)).Perplexity!.Value));
        Assert.ThrowsAny<OperationCanceledException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Cancellation = cancellation.Token }).Fit(Toy.View(_ml, 10)));
    }

    [Fact]
    public void DivergingLosesNothing()
    {
        using var model = Toy.Model();
        var estimator = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { LearningRate = 1e30, MaximumGradientNorm = null, WarmupFraction = 0, Epochs = 20 });
        var error = Assert.Throws<TrainingFailedException>(() => estimator.Fit(Toy.View(_ml, 100)));
        Assert.Contains("learning rate", error.Message);
        Assert.Equal(TrainingStopReason.Diverged, error.Result.StopReason);
        var lastGood = Assert.IsType<CausalPretrainingTransformer>(error.LastGood);
        Assert.True(double.IsFinite(_ml.LanguageModels.Evaluate(lastGood.Model, Toy.View(_ml, 10)).Perplexity!.Value));
    }

    [Fact]
    public void ItSurvivesAModelFileAndAFolder()
    {
        using var model = Toy.Model();
        var data = Toy.View(_ml, 20);
        var transformer = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { PerplexityColumnName = "Surprise" }).Fit(data);
        float[] expected = [.. transformer.Transform(data).GetColumn<float>("Surprise")];
        string folder = ScratchFolder.New(), path = Path.Combine(folder, "model.zip");
        _ml.Model.Save(transformer, data.Schema, path);
        transformer.SaveFolder(folder);
        foreach (var loaded in (ITransformer[])[new MLContext().Model.Load(path, out _), _ml.LanguageModels.LoadTransformer(folder)])
            Assert.Equal(expected, Assert.IsType<CausalPretrainingTransformer>(loaded).Transform(data).GetColumn<float>("Surprise"));
        using var engine = _ml.Model.CreatePredictionEngine<LabeledRow, CausalPretrainingPrediction>(transformer);
        Assert.Equal(Toy.Tokenizer.EncodeToIds("ripe plum").Count + 1, engine.Predict(new LabeledRow { Text = "ripe plum" }).TokenCount);
    }

    [Fact]
    public void TextsMayStandAloneInARow()
    {
        using var model = Toy.Model();
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { PackTexts = false, SequenceLength = 16, BatchSize = 10 }).Fit(Toy.View(_ml, 60));
        // A text longer than 16 tokens goes on in further rows.
        int rows = Toy.Rows(60).Sum(row => (model.Tokenizer.Encode(row.Text).Length + 1 + 15) / 16);
        Assert.Equal((rows + 9) / 10, fitted.Training!.Steps);
    }

    [Fact]
    public void BadDataIsRefusedBeforeTraining()
    {
        using var model = Toy.Model();
        var estimator = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining);
        Assert.Contains("no rows", Assert.Throws<ArgumentException>(() => estimator.Fit(_ml.Data.LoadFromEnumerable<LabeledRow>([]))).Message);
        Assert.Contains("all 4 rows of 'Text' are empty", Assert.Throws<ArgumentException>(() => estimator.Fit(_ml.Data.LoadFromEnumerable(Enumerable.Repeat(new LabeledRow(), 4).ToList()))).Message);
        Assert.Contains("32 positions", Assert.Throws<ArgumentException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { SequenceLength = 33 })).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { LearningRate = 0 }));
        Assert.Throws<ArgumentException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Epochs = null }));
    }

    private static CausalPretrainingTransformer Scorer(LanguageModel model) => new(model, Toy.Pretraining, training: null);
}
