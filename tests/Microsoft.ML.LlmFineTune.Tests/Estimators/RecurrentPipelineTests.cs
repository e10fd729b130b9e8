using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>A recurrent model through the whole of a pipeline: pretraining, fine-tuning, generating, saving.</summary>
public sealed class RecurrentPipelineTests
{
    private readonly MLContext _ml = new(1);
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public void An_lstm_is_pretrained_fine_tuned_saved_and_generates()
    {
        var (train, validation) = (Toy.View(_ml, 200), Toy.View(_ml, 60, seed: 2));
        RecurrentConfig config = RecurrentPresets.Lstm(Toy.Tokenizer.VocabularySize) with { EmbeddingWidth = 24, HiddenWidth = 32, MaximumLength = 32 };
        using var untrained = LanguageModel.Create(Toy.Tokenizer, config);
        double before = _ml.LanguageModels.Evaluate(untrained, validation).Perplexity!.Value;
        var pretrained = _ml.LanguageModels.PretrainCausalLanguageModel(untrained, Toy.Pretraining with { Epochs = 8, LearningRate = 1e-2, ValidationData = validation }).Fit(train);
        var after = _ml.LanguageModels.Evaluate(pretrained.Transform(validation));
        Assert.True(after.Perplexity < before / 4, $"{before} before, {after.Perplexity} after");

        var model = pretrained.Model;
        var generator = _ml.LanguageModels.GenerateText(model, "Text", maximumNewTokens: 6).Fit(validation);
        var texts = generator.Transform(validation).GetColumn<string>("GeneratedText").Take(5).ToList();
        Assert.Equal(Toy.Rows(60, seed: 2).Take(5).Select(row => model.Generate(row.Text, generator.Options.Generation, _cancellation)), texts);

        var classifier = Toy.Pipeline(_ml, model, Toy.Classification with { Epochs = 12, LearningRate = 1e-2 }).Fit(train);
        double accuracy = _ml.MulticlassClassification.Evaluate(classifier.Transform(_ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabeledRow.Class)).Fit(train).Transform(validation))).MicroAccuracy;
        Assert.True(accuracy > 0.9, $"accuracy {accuracy}");

        string folder = ScratchFolder.New(), path = Path.Combine(folder, "model.zip");
        _ml.Model.Save(classifier, train.Schema, path);
        var loaded = new MLContext().Model.Load(path, out _);
        Assert.Equal(classifier.Transform(validation).GetColumn<string>("PredictedLabel").ToList(), loaded.Transform(validation).GetColumn<string>("PredictedLabel").ToList());
        model.Save(folder);
        using var again = LanguageModel.Load(folder);
        Assert.Equal(model.Generate("sweet", generator.Options.Generation, _cancellation), again.Generate("sweet", generator.Options.Generation, _cancellation));
    }
}
