using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class TextEmbeddingTests : IDisposable
{
    private readonly MLContext _ml = new(1);
    private readonly TextEncoder _encoder = Toy.Encoder();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _encoder.Dispose();

    [Theory]
    [InlineData(TextEmbeddingPooling.Mean, false)]
    [InlineData(TextEmbeddingPooling.Mean, true)]
    [InlineData(TextEmbeddingPooling.FirstToken, true)]
    [InlineData(TextEmbeddingPooling.LastToken, false)]
    public void AVectorIsThePooledHiddenStateOfItsText(TextEmbeddingPooling pooling, bool normalize)
    {
        var rows = Vectors(_encoder, new TextEmbeddingOptions { Pooling = pooling, Normalize = normalize });
        foreach (var (row, vector) in Toy.Rows(40).Zip(rows))
        {
            int[] ids = TextFrame.Of(_encoder.Tokenizer, _encoder.Backbone, null).Encode([row.Text])[0];
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            Tensor hidden = _encoder.Backbone.ReadTexts(tensor([.. ids.Select(id => (long)id)], [1, ids.Length]));
            Tensor expected = pooling switch { TextEmbeddingPooling.Mean => hidden.mean([1]), TextEmbeddingPooling.FirstToken => hidden.select(1, 0), _ => hidden.select(1, ids.Length - 1) };
            float[] values = [.. expected.data<float>()];
            double length = normalize ? Math.Sqrt(values.Sum(value => (double)value * value)) : 1;
            for (int i = 0; i < values.Length; i++)
                Assert.Equal(values[i] / length, vector[i], 1e-5);
        }
    }

    [Fact]
    public void ThePoolerNeedsWeightsOfTheCheckpoint()
    {
        var options = new TextEmbeddingOptions { Pooling = TextEmbeddingPooling.Pooler };
        Assert.Contains("pooler.dense.bias", Assert.Throws<InvalidOperationException>(() => _ml.LanguageModels.EmbedText(_encoder, options)).Message);
        string folder = ScratchFolder.New();
        using (TextEmbedder pooled = new(_encoder.CopyBackbone(), pooling: null, isNormalized: false))
        {
            pooled.InitializeHead(new RandomStream(9));
            HuggingFaceFolder.Save(folder, pooled, Toy.BertTokenizer.SaveFolder);
        }
        using var encoder = _ml.LanguageModels.LoadEncoder(folder, cancellation: Token);
        var vectors = Vectors(encoder, options);
        Assert.All(vectors, vector => Assert.All(vector, number => Assert.InRange(number, -1, 1)));
        Assert.NotEqual(Vectors(encoder, options with { Pooling = TextEmbeddingPooling.FirstToken })[0], vectors[0]);
    }

    [Fact]
    public void TheFolderOfSentenceTransformersDecidesWhatOptionsLeaveOpen()
    {
        using var encoder = Of(new SentenceTransformerFolder { ModelFolder = "", Pooling = Pooling.FirstToken, MaximumLength = 7, Prompts = new Dictionary<string, string> { ["query"] = "ripe " }, DefaultPrompt = "query" });
        var transformer = _ml.Transforms.Text.EmbedText(encoder).Fit(Toy.View(_ml, 1));
        Assert.Equal((7, Pooling.FirstToken, true), (transformer.MaximumTokens, transformer.Embedder.Pooling!.Value, transformer.Embedder.IsNormalized));
        var plain = new TextEmbeddingOptions { Pooling = TextEmbeddingPooling.FirstToken, Normalize = true, MaximumTokens = 7 };
        Assert.Equal(Vectors(_encoder, plain, "ripe plum", "  ripe\t"), Vectors(encoder, new(), "plum", "\t"));
        Assert.Equal(Vectors(_encoder, plain with { Normalize = false }, "plum"), Vectors(encoder, new() { Normalize = false, Prompt = "" }, "plum"));
        Assert.Contains("at most the model's 32 positions", Assert.Throws<ArgumentException>(() => _ml.LanguageModels.EmbedText(encoder, new TextEmbeddingOptions { MaximumTokens = 33 })).Message);
    }

    [Fact]
    public void AFolderOfSentenceTransformersIsWrittenAsOne()
    {
        using var encoder = Of(new SentenceTransformerFolder { ModelFolder = "", Pooling = Pooling.FirstToken, MaximumLength = 7, LowersCase = true, Prompts = new Dictionary<string, string> { ["query"] = "ripe " }, DefaultPrompt = "query" });
        string folder = ScratchFolder.New();
        encoder.Save(folder);
        using var loaded = _ml.LanguageModels.LoadEncoder(folder, cancellation: Token);
        Assert.Equal(Vectors(encoder, new()), Vectors(loaded, new()));
        var (one, other) = (encoder.SentenceTransformers!, loaded.SentenceTransformers!);
        Assert.Equal((one.Pooling, one.IsNormalized, one.MaximumLength, one.LowersCase, one.DefaultPrompt), (other.Pooling, other.IsNormalized, other.MaximumLength, other.LowersCase, other.DefaultPrompt));
        Assert.Equal(one.Prompts, other.Prompts);
    }

    [Fact]
    public void LowerCaseIsMadeBeforeTheTokenizerSeesATextWhereTheFolderSaysSo()
    {
        using var encoder = new LanguageModel(Toy.Model().Tokenizer, Toy.Config.CreateDecoder()) { SentenceTransformers = new SentenceTransformerFolder { ModelFolder = "", LowersCase = true } };
        encoder.Decoder.Initialize(new RandomStream(1));
        Assert.Equal(Vectors(encoder, new(), "ripe plum"), Vectors(encoder, new(), "Ripe PLUM"));
    }

    [Fact]
    public void WhatTheLibraryDoesNotHaveIsNamed()
    {
        string folder = ScratchFolder.New();
        _encoder.Save(folder);
        File.WriteAllText(Path.Combine(folder, "modules.json"), """[{"type": "models.Transformer", "path": ""}, {"type": "models.WordWeights", "path": "1_Weights"}]""");
        using var encoder = _ml.LanguageModels.LoadEncoder(folder, cancellation: Token);
        Assert.Contains("WordWeights", Assert.Throws<NotSupportedException>(() => _ml.LanguageModels.EmbedText(encoder)).Message);
        Assert.NotNull(_ml.LanguageModels.EmbedText(encoder, new TextEmbeddingOptions { Pooling = TextEmbeddingPooling.Mean, Normalize = true }));
    }

    [Fact]
    public void TheColumnHasAKnownSize()
    {
        var data = Toy.View(_ml, 3);
        var estimator = _ml.Transforms.Text.EmbedText(_encoder, "Text", "Features");
        var type = Assert.IsType<VectorDataViewType>(estimator.Fit(data).GetOutputSchema(data.Schema)["Features"].Type);
        Assert.Equal((16, NumberDataViewType.Single), (type.Size, type.ItemType));
        Assert.Contains("'Words' is missing", Assert.Throws<ArgumentException>(() => _ml.Transforms.Text.EmbedText(_encoder, "Words").Fit(data)).Message);
    }

    [Fact]
    public void TrainersStandOnVectors()
    {
        var pipeline = _ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabeledRow.Class))
            .Append(_ml.Transforms.Text.EmbedText(_encoder, "Text", "Features"))
            .Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(l1Regularization: 0, l2Regularization: 0.01f));
        var chain = pipeline.Fit(Toy.View(_ml, 150));
        var metrics = _ml.MulticlassClassification.Evaluate(chain.Transform(Toy.View(_ml, 60, seed: 2)));
        Assert.True(metrics.MicroAccuracy > 0.9, $"micro-accuracy {metrics.MicroAccuracy}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ItSurvivesModelFileAndFolder(bool asFolder)
    {
        var data = Toy.View(_ml, 20);
        var transformer = _ml.LanguageModels.EmbedText(_encoder, new TextEmbeddingOptions { Pooling = TextEmbeddingPooling.FirstToken, Normalize = true, MaximumTokens = 6, Prompt = "wheel " }).Fit(data);
        string path = ScratchFolder.New();
        ITransformer loaded;
        if (asFolder)
        {
            transformer.SaveFolder(path);
            loaded = _ml.LanguageModels.LoadTransformer(path);
        }
        else
        {
            path = Path.Combine(path, "model.zip");
            _ml.Model.Save(transformer, data.Schema, path);
            loaded = new MLContext().Model.Load(path, out _);
        }
        Assert.Equal(transformer.Transform(data).GetColumn<float[]>("Embedding"), loaded.Transform(data).GetColumn<float[]>("Embedding"));
    }

    [Fact]
    public void CutTextsAreLogged()
    {
        var log = new LogLines(_ml);
        var rows = Toy.Rows(20);
        rows[3].Text = string.Join(' ', rows.Select(row => row.Text));
        var transformed = _ml.Transforms.Text.EmbedText(_encoder).Fit(Toy.View(_ml, 1)).Transform(_ml.Data.LoadFromEnumerable(rows));
        Assert.Equal(20, transformed.GetColumn<float[]>("Embedding").Count());
        Assert.StartsWith("1 of 20 texts were truncated", Assert.Single(log.Warnings));
    }

    [Fact]
    public void AnEngineAnswersLikeTheView()
    {
        var transformer = _ml.Transforms.Text.EmbedText(_encoder).Fit(Toy.View(_ml, 1));
        using var engine = _ml.Model.CreatePredictionEngine<LabeledRow, TextEmbeddingPrediction>(transformer);
        foreach (var (row, expected) in Toy.Rows(12).Zip(transformer.Transform(Toy.View(_ml, 12)).GetColumn<float[]>("Embedding")))
        {
            float[] alone = engine.Predict(row).Embedding;
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], alone[i], 1e-5);
        }
    }

    private static TextEncoder Of(SentenceTransformerFolder config) => new(Toy.BertTokenizer, (EncoderModel)Toy.Encoder().CopyBackbone()) { SentenceTransformers = config };

    private float[][] Vectors(TextModel model, TextEmbeddingOptions options, params string[] texts)
    {
        var rows = texts.Length == 0 ? Toy.Rows(40) : [.. texts.Select(text => new LabeledRow { Text = text })];
        var data = _ml.Data.LoadFromEnumerable(rows);
        return [.. _ml.Transforms.Text.EmbedText(model, options).Fit(data).Transform(data).GetColumn<float[]>("Embedding")];
    }
}
