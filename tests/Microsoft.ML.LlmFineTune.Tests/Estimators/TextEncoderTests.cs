using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class TextEncoderTests : IDisposable
{
    private const string PoolerName = "bert.pooler.dense.weight";
    private readonly MLContext _ml = new(1);
    private readonly TextEncoder _encoder = Toy.Encoder();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _encoder.Dispose();

    [Fact]
    public void ItLearnsInsideAnOrdinaryPipeline()
    {
        var chain = Toy.Pipeline(_ml, _encoder, Toy.Classification with { Epochs = 12, Pooling = Pooling.Mean }).Fit(Toy.View(_ml, 150));
        var metrics = _ml.MulticlassClassification.Evaluate(chain.Transform(Toy.View(_ml, 60, seed: 2)));
        Assert.True(metrics.MicroAccuracy > 0.9, $"micro-accuracy {metrics.MicroAccuracy}");
    }

    [Fact]
    public void PaddingChangesNothing()
    {
        var chain = Toy.Pipeline(_ml, _encoder, Toy.Classification with { Epochs = 1 }).Fit(Toy.View(_ml, 60));
        var rows = _ml.Data.CreateEnumerable<TextClassificationPrediction>(chain.Transform(Toy.View(_ml, 40, seed: 3)), reuseRowObject: false).ToList();
        using var engine = _ml.Model.CreatePredictionEngine<LabeledRow, TextClassificationPrediction>(chain);
        foreach (var (row, expected) in Toy.Rows(40, seed: 3).Zip(rows))
        {
            var alone = engine.Predict(row);
            for (int label = 0; label < 3; label++)
                Assert.Equal(expected.Score[label], alone.Score[label], 1e-5);
        }
    }

    [Fact]
    public void AClassifierSurvivesTheModelFile()
    {
        var data = Toy.View(_ml, 30);
        var chain = Toy.Pipeline(_ml, _encoder, Toy.Classification with { Epochs = 1, MaximumTokens = 9 }).Fit(data);
        string path = Path.Combine(ScratchFolder.New(), "model.zip");
        _ml.Model.Save(chain, data.Schema, path);
        var loaded = new MLContext().Model.Load(path, out _);
        Assert.Equal(chain.Transform(data).GetColumn<float[]>("Score"), loaded.Transform(data).GetColumn<float[]>("Score"));
    }

    [Fact]
    public void SpecialTokensStayWhereTextsAreCut()
    {
        var frame = TextFrame.Of(_encoder.Tokenizer, _encoder.Backbone, 5);
        int[][] tokens = frame.Encode(["ripe", "ripe plum pear apple sweet cherry"], out var truncation);
        int start = Toy.BertTokenizer.IdOf("[CLS]")!.Value, end = Toy.BertTokenizer.IdOf("[SEP]")!.Value;
        Assert.All(tokens, text => Assert.Equal((start, end), (text[0], text[^1])));
        Assert.Equal(5, tokens[1].Length);
        int[] whole = TextFrame.Of(_encoder.Tokenizer, _encoder.Backbone, null).Encode(["ripe plum pear apple sweet cherry"])[0];
        Assert.Equal(whole[..4], tokens[1][..4]);
        Assert.Equal((2, 1, tokens[0].Length + whole.Length, whole.Length - 5), (truncation.Texts, truncation.TruncatedTexts, truncation.Tokens, truncation.CutTokens));
        Assert.Contains("more tokens than the 2 special ones", Assert.Throws<ArgumentException>(() => TextFrame.Of(_encoder.Tokenizer, _encoder.Backbone, 2)).Message);
    }

    [Fact]
    public void OfTheCheckpointsHeadANewTaskTakesWhatFits()
    {
        using var loaded = TextEncoder.Load(FolderWithPooler());
        var pooler = loaded.OtherWeights["pooler.dense.weight"];
        using var classifier = loaded.CreateClassifier(["a", "b"], null, new RandomStream(5));
        using var again = loaded.CreateClassifier(["a", "b"], null, new RandomStream(6));
        Assert.Equal(pooler.data<float>(), ModelWeights.Views(classifier)[PoolerName].data<float>());
        Assert.NotEqual(ModelWeights.Views(again)["classifier.weight"].data<float>(), ModelWeights.Views(classifier)["classifier.weight"].data<float>());
        Assert.All(ModelWeights.Views(classifier)["classifier.bias"].data<float>(), bias => Assert.Equal(0, bias));

        // Without one in the checkpoint it is drawn.
        using var drawn = _encoder.CreateClassifier(["a", "b"], null, new RandomStream(5));
        Assert.NotEqual(pooler.data<float>(), ModelWeights.Views(drawn)[PoolerName].data<float>());
    }

    [Fact]
    public void ItSurvivesAFolderWithWhatTheCheckpointHadBeside()
    {
        using var loaded = TextEncoder.Load(FolderWithPooler());
        string folder = ScratchFolder.New();
        loaded.Save(folder);
        using var again = TextEncoder.Load(folder);
        Assert.Equal(loaded.OtherWeights.Keys.Order(StringComparer.Ordinal), again.OtherWeights.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(loaded.OtherWeights["pooler.dense.weight"].data<float>(), again.OtherWeights["pooler.dense.weight"].data<float>());
        foreach (var ((_, one), (_, other)) in loaded.Backbone.named_parameters().Zip(again.Backbone.named_parameters()))
            Assert.Equal(one.data<float>(), other.data<float>());
    }

    [Fact]
    public void AClassifiersFolderGivesItsHeadToANewTaskOfAsManyClasses()
    {
        string folder = ScratchFolder.New();
        Toy.Pipeline(_ml, _encoder, Toy.Classification with { Epochs = 1 }).Fit(Toy.View(_ml, 30)).OfType<TextClassificationTransformer>().Single().SaveFolder(folder);
        using var loaded = TextEncoder.Load(folder);
        using var same = loaded.CreateClassifier(["a", "b", "c"], null, new RandomStream(5));
        using var fewer = loaded.CreateClassifier(["a", "b"], null, new RandomStream(5));
        Assert.Equal(loaded.OtherWeights["classifier.weight"].data<float>(), ModelWeights.Views(same)["classifier.weight"].data<float>());
        Assert.Equal(loaded.OtherWeights["pooler.dense.weight"].data<float>(), ModelWeights.Views(fewer)[PoolerName].data<float>());
    }

    [Fact]
    public void EachVerbSaysWhichOneReadsTheOtherKind()
    {
        string encoders = ScratchFolder.New(), decoders = ScratchFolder.New();
        _encoder.Save(encoders);
        using var model = Toy.Model();
        model.Save(decoders);
        Assert.Contains("'bert' is an encoder", Assert.Throws<NotSupportedException>(() => _ml.LanguageModels.Load(encoders, cancellation: Token)).Message);
        Assert.Contains("'gpt2' is a decoder", Assert.Throws<NotSupportedException>(() => _ml.LanguageModels.LoadEncoder(decoders, cancellation: Token)).Message);
    }

    [Fact]
    public void KeysThatNobodyReadsAreLoggedOnce()
    {
        var log = new LogLines(_ml);
        string folder = ScratchFolder.New(), path = Path.Combine(folder, "config.json");
        _encoder.Save(folder);
        _ml.LanguageModels.LoadEncoder(folder, cancellation: Token).Dispose();
        Assert.Empty(log.Warnings);
        File.WriteAllText(path, File.ReadAllText(path).Replace("{", "{ \"novelty\": 3,", StringComparison.Ordinal));
        _ml.LanguageModels.LoadEncoder(folder, cancellation: Token).Dispose();
        Assert.Contains("the family 'bert' does not know, and they are not looked at: novelty.", Assert.Single(log.Warnings));
    }

    [Fact]
    public void AModelIsNamedByItsFolderOrByItsNameOnAHub()
    {
        const string Commit = "0123456789abcdef0123456789abcdef01234567";
        string cache = ScratchFolder.New(), repository = Path.Combine(cache, "models--toys--encoder");
        var hub = new HubOptions { CacheFolder = cache, Offline = true };
        _encoder.Save(Directory.CreateDirectory(Path.Combine(repository, "snapshots", Commit)).FullName);
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        foreach (string revision in (string[])["main", "v2"])
            File.WriteAllText(Path.Combine(repository, "refs", revision), Commit);
        foreach (string name in (string[])["toys/encoder", "toys/encoder@v2", "toys/encoder@" + Commit])
        {
            using var loaded = _ml.LanguageModels.LoadEncoder(name, hub, cancellation: Token);
            Assert.Equal(_encoder.Config.Width, loaded.Config.Width);
            string adapter = ScratchFolder.New();
            Toy.Pipeline(_ml, loaded, Toy.Classification with { Epochs = 1, Adapter = new LoraOptions(), AdapterFolder = adapter }).Fit(Toy.View(_ml, 12));
            AdapterOptions saved = PeftFolder.ReadOptions(adapter);
            // As PEFT has it: the revision has a key of its own.
            Assert.Equal(("toys/encoder", name.Contains('@', StringComparison.Ordinal) ? name.Split('@')[1] : null), (saved.BaseModel, saved.OtherKeys["revision"].GetString()));
        }
        string message = Assert.Throws<HubException>(() => _ml.LanguageModels.LoadEncoder("toys/other", hub, cancellation: Token)).Message;
        Assert.Contains("There is no folder 'toys/other'", message);
        Assert.Contains("not in the cache", message);
        Assert.Contains("'./toys/encoder'", Assert.Throws<DirectoryNotFoundException>(() => _ml.LanguageModels.LoadEncoder("./toys/encoder", hub, cancellation: Token)).Message);
    }

    [Fact]
    public void ATokenizerOfAnotherModelIsRefused()
    {
        using var backbone = (Toy.BertConfig with { VocabularySize = Toy.BertTokenizer.VocabularySize - 1 }).CreateEncoder();
        Assert.Contains("must know every token", Assert.Throws<ArgumentException>(() => new TextEncoder(Toy.BertTokenizer, backbone)).Message);
    }

    private string FolderWithPooler()
    {
        string folder = ScratchFolder.New();
        using TextEmbedder pooled = new(_encoder.CopyBackbone(), pooling: null);
        pooled.InitializeHead(new RandomStream(9));
        HuggingFaceFolder.Save(folder, pooled, Toy.BertTokenizer.SaveFolder);
        return folder;
    }
}
