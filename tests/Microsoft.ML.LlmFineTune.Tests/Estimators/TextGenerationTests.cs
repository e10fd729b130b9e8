using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class TextGenerationTests
{
    private readonly MLContext _ml = new(1);
    private readonly LanguageModel _model = Toy.Model();

    [Fact]
    public void RowsAreContinuedAsTheModelContinuesThem()
    {
        var options = new TextGenerationOptions { PromptColumnName = "Text", BatchSize = 4, Generation = new() { MaxNewTokens = 8, Seed = 3 } };
        var data = Toy.View(_ml, 10);
        var transformer = _ml.Transforms.Text.GenerateText(_model, options).Fit(data);
        var texts = transformer.Transform(data).GetColumn<string>("GeneratedText").ToList();
        Assert.Equal(Toy.Rows(10).Select(row => _model.Generate(row.Text, options.Generation, TestContext.Current.CancellationToken)), texts);
        Assert.Equal(texts.Count, texts.Distinct().Count());
    }

    [Fact]
    public void AnEngineAnswersAfterSaveAndLoad()
    {
        var transformer = _ml.LanguageModels.GenerateText(_model, "Text", maximumNewTokens: 6).Fit(Toy.View(_ml, 1));
        string folder = ScratchFolder.New(), path = Path.Combine(folder, "model.zip");
        _ml.Model.Save(transformer, Toy.View(_ml, 1).Schema, path);
        transformer.SaveFolder(folder);
        string expected = _model.Generate("sweet", transformer.Options.Generation, TestContext.Current.CancellationToken);
        foreach (var loaded in (ITransformer[])[new MLContext().Model.Load(path, out _), _ml.LanguageModels.LoadTransformer(folder)])
        {
            using var engine = _ml.Model.CreatePredictionEngine<LabeledRow, TextGenerationPrediction>(loaded);
            Assert.Equal(expected, engine.Predict(new LabeledRow { Text = "sweet" }).GeneratedText);
            Assert.Equal(expected, engine.Predict(new LabeledRow { Text = "sweet" }).GeneratedText);
        }
    }

    [Fact]
    public void BeamsStandInAPipelineAndAreSaved()
    {
        var options = new TextGenerationOptions { PromptColumnName = "Text", Generation = new() { Beams = 3, MaxNewTokens = 6, NoRepeatNGramSize = 2, EarlyStopping = LlmFineTune.Generation.BeamStopping.Never, BadWords = [[5, 6]] } };
        var transformer = _ml.Transforms.Text.GenerateText(_model, options).Fit(Toy.View(_ml, 5));
        var texts = transformer.Transform(Toy.View(_ml, 5)).GetColumn<string>("GeneratedText").ToList();
        string folder = ScratchFolder.New();
        transformer.SaveFolder(folder);
        Assert.Equal(texts, _ml.LanguageModels.LoadTransformer(folder).Transform(Toy.View(_ml, 5)).GetColumn<string>("GeneratedText"));
    }

    [Fact]
    public void WhatARowCannotHoldAndCodeAreRefused()
    {
        var options = new TextGenerationOptions { PromptColumnName = "Text" };
        Assert.Contains("ReturnSequences asks for 2", Assert.Throws<ArgumentException>((options with { Generation = new() { ReturnSequences = 2 } }).Validate).Message);
        var transformer = _ml.Transforms.Text.GenerateText(_model, options with { Generation = new() { MaxNewTokens = 2, AllowedTokens = (_, _) => [1] } }).Fit(Toy.View(_ml, 2));
        Assert.Equal(2, transformer.Transform(Toy.View(_ml, 2)).GetColumn<string>("GeneratedText").Count());
        Assert.Contains("AllowedTokens", Assert.Throws<NotSupportedException>(() => transformer.SaveFolder(ScratchFolder.New())).Message);
    }

    [Fact]
    public void AMissingPromptColumnIsNamed() =>
        Assert.Contains("'Prompt' is missing", Assert.Throws<ArgumentException>(() => _ml.LanguageModels.GenerateText(_model).Fit(Toy.View(_ml, 1))).Message);
}
