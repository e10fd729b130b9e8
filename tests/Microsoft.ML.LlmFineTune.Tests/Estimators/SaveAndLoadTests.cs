using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Tests.Checkpoints;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class SaveAndLoadTests
{
    private readonly MLContext _ml = new(1);

    [Fact]
    public void AMixedChainSurvivesWithItsWeightsAsEntries()
    {
        var (chain, path) = Saved();
        using (var zip = ZipFile.OpenRead(path))
        {
            foreach (string name in (string[])["model.safetensors", "config.json", "tokenizer.json", "task.json"])
                Assert.Single(zip.Entries, entry => entry.FullName.Replace('\\', '/').EndsWith("/" + name, StringComparison.Ordinal));
        }
        var loaded = new MLContext().Model.Load(path, out var schema);
        Assert.Equal(["Text", "Class"], schema.Select(column => column.Name));
        var classifier = Assert.IsType<TransformerChain<ITransformer>>(loaded).OfType<TextClassificationTransformer>().Single();
        Assert.Equal(["fruit", "car", "weather"], classifier.Labels);
        Assert.Equal(Scores(chain), Scores(loaded));
    }

    [Fact]
    public void AFreshProcessLoadsItWithoutRegistration()
    {
        var (chain, path) = Saved();
        FreshProcess.Run(typeof(SaveAndLoadTests), nameof(TheFreshProcess), path);
        Assert.Equal(Scores(chain), JsonSerializer.Deserialize<float[]>(File.ReadAllText(path + ".scores")));
    }

    /// <summary>What <see cref="AFreshProcessLoadsItWithoutRegistration"/> starts: nothing has touched our doors before Load.</summary>
    [Fact]
    public void TheFreshProcess()
    {
        string path = FreshProcess.ModelPath();
        var loaded = new MLContext().Model.Load(path, out _);
        File.WriteAllText(path + ".scores", JsonSerializer.Serialize(Scores(loaded)));
    }

    [Fact]
    public void AFolderHoldsHuggingFacesFilesAndTheTask()
    {
        var (chain, _) = Saved();
        var classifier = chain.OfType<TextClassificationTransformer>().Single();
        string folder = Path.Combine(ScratchFolder.New(), "classifier");
        classifier.SaveFolder(folder);
        Assert.Equal(["config.json", "model.safetensors", "task.json", "tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var loaded = Assert.IsType<TextClassificationTransformer>(_ml.LanguageModels.LoadTransformer(folder));
        Assert.Equal(classifier.Transform(Data(_ml)).GetColumn<float[]>("Score"), loaded.Transform(Data(_ml)).GetColumn<float[]>("Score"));
        Assert.Null(loaded.Training);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("task.json")]
    public void ACutFileIsNamed(string name)
    {
        var (chain, _) = Saved();
        string folder = Path.Combine(ScratchFolder.New(), "classifier");
        chain.OfType<TextClassificationTransformer>().Single().SaveFolder(folder);
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..20]);
        var error = Assert.ThrowsAny<InvalidDataException>(() => _ml.LanguageModels.LoadTransformer(folder));
        Assert.Contains(name, error.Message);
        File.Delete(path);
        // A tokenizer does without a configuration, as many folders of the hub do.
        if (name == "tokenizer_config.json")
            Assert.NotNull(_ml.LanguageModels.LoadTransformer(folder));
        else
            Assert.Contains(name, Assert.ThrowsAny<IOException>(() => _ml.LanguageModels.LoadTransformer(folder)).Message);
    }

    [Theory]
    [InlineData("\"Text\"", "\"\"", "textColumn")]
    [InlineData("\"maximumTokens\": 32", "\"maximumTokens\": 33", "maximumTokens")]
    [InlineData("\"maximumTokens\": 32", "\"maximumTokens\": -1", "maximumTokens")]
    public void AnImpossibleValueOfTheTaskIsNamed(string good, string bad, string key)
    {
        var (chain, _) = Saved();
        string folder = Path.Combine(ScratchFolder.New(), "classifier"), path = Path.Combine(folder, "task.json");
        chain.OfType<TextClassificationTransformer>().Single().SaveFolder(folder);
        string text = File.ReadAllText(path);
        Assert.Contains(good, text);
        File.WriteAllText(path, text.Replace(good, bad, StringComparison.Ordinal));
        string message = Assert.Throws<InvalidDataException>(() => _ml.LanguageModels.LoadTransformer(folder)).Message;
        Assert.Contains("task.json", message);
        Assert.Contains(key, message);
    }

    [Fact]
    public void ATokenizerOfAnotherModelIsRefused()
    {
        string models = Path.Combine(ScratchFolder.New(), "model"), classifiers = Path.Combine(ScratchFolder.New(), "classifier");
        using var model = Toy.Model();
        model.Save(models);
        Saved().Chain.OfType<TextClassificationTransformer>().Single().SaveFolder(classifiers);
        var larger = ByteLevelBpeTrainer.Defaults with { VocabularySize = 400, SpecialTokens = ["<|endoftext|>", .. Enumerable.Range(0, 100).Select(number => $"<{number}>")] };
        var stranger = new ByteLevelBpeTrainer(larger).Train(["one"], cancellationToken: TestContext.Current.CancellationToken);
        foreach (string folder in (string[])[models, classifiers])
            stranger.Save(Path.Combine(folder, "tokenizer.json"));
        foreach (Action load in (Action[])[() => _ml.LanguageModels.Load(models, cancellation: TestContext.Current.CancellationToken), () => _ml.LanguageModels.LoadTransformer(classifiers)])
            Assert.Contains("tokenizer.json and config.json do not belong together", Assert.Throws<InvalidDataException>(load).Message);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("task.json")]
    [InlineData("files.json")]
    public void OneChangedByteInAModelFileIsFound(string name)
    {
        var (_, path) = Saved();
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Update))
        {
            var entry = zip.Entries.Single(entry => entry.FullName.Replace('\\', '/').EndsWith("/" + name, StringComparison.Ordinal));
            using var stream = entry.Open();
            stream.Position = stream.Length - 2;
            int last = stream.ReadByte();
            stream.Position--;
            stream.WriteByte((byte)(last ^ 1));
        }
        // ML.NET wraps what our reader throws.
        Exception? error = Assert.ThrowsAny<Exception>(() => _ml.Model.Load(path, out _));
        while (error is not (null or InvalidDataException))
            error = error.InnerException;
        Assert.NotNull(error);
        Assert.StartsWith("The model file is corrupt:", error.Message);
        Assert.Contains(name, error.Message);
    }

    [Fact]
    public void AModelFileSurvivesASaveThatFails()
    {
        var (chain, path) = Saved();
        AtomicFile.Write(path, stream => _ml.Model.Save(chain, Data(_ml).Schema, stream));
        byte[] good = File.ReadAllBytes(path);
        Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
        {
            _ml.Model.Save(chain, Data(_ml).Schema, stream);
            throw new IOException("No space left on device");
        }));
        Assert.Equal(good, File.ReadAllBytes(path));
        Assert.Equal(Scores(chain), Scores(new MLContext().Model.Load(path, out _)));
    }

    [Fact]
    public void ADisposedModelSaysSo()
    {
        var model = Toy.Model();
        var generator = _ml.LanguageModels.GenerateText(model, "Text").Fit(Data(_ml));
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Continue(model));
        Assert.Throws<ObjectDisposedException>(() => generator.Transform(Data(_ml)).GetColumn<string>("GeneratedText").Count());
        Assert.Throws<ObjectDisposedException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining).Fit(Data(_ml)));
    }

    [Fact]
    public void ALanguageModelSurvivesAFolder()
    {
        using var model = Toy.Model();
        string folder = ScratchFolder.New();
        model.Save(folder);
        using var loaded = _ml.LanguageModels.Load(folder, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(model.Config, loaded.Config with { EndOfText = model.Config.EndOfText, Labels = model.Config.Labels, OtherKeys = model.Config.OtherKeys, UnknownKeys = model.Config.UnknownKeys, GenerationKeys = model.Config.GenerationKeys });
        Assert.Equal(model.Config.EndOfText, loaded.Config.EndOfText);
        Assert.Equal(Continue(model), Continue(loaded));
    }

    [Fact]
    public void WeightsOfAFolderMayStayInItsFiles()
    {
        using var model = Toy.Model();
        string folder = ScratchFolder.New(), path = Path.Combine(folder, "model.safetensors");
        model.Save(folder);
        byte[] before = File.ReadAllBytes(path);
        using (var mapped = _ml.LanguageModels.Load(folder, loading: WeightLoading.Mapped, cancellation: TestContext.Current.CancellationToken))
        {
            Assert.Equal(MappedFiles.Where(path), MappedFiles.Of(folder));
            Assert.Equal(Continue(model), Continue(mapped));
            var options = Toy.Classification with { Epochs = 1 };
            Assert.Equal(Scores(Toy.Pipeline(new MLContext(1), model, options).Fit(Data(_ml))), Scores(Toy.Pipeline(new MLContext(1), mapped, options).Fit(Data(_ml))));
            Assert.Equal(before, File.ReadAllBytes(path));
        }
        Assert.Empty(MappedFiles.Of(folder));
    }

    [Fact]
    public void AFittedTasksWeightsMayStayInItsFolder()
    {
        using var encoder = Toy.Encoder();
        string encoders = ScratchFolder.New(), embedders = ScratchFolder.New(), classifiers = ScratchFolder.New(), models = ScratchFolder.New(), generators = ScratchFolder.New();
        encoder.Save(encoders);
        using var mapped = _ml.LanguageModels.LoadEncoder(encoders, loading: WeightLoading.Mapped, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(MappedFiles.Where(Path.Combine(encoders, "model.safetensors")), MappedFiles.Of(encoders));
        using var model = Toy.Model();
        (string Folder, TextTransformer Task, string Column)[] tasks =
        [
            (embedders, _ml.LanguageModels.EmbedText(mapped).Fit(Data(_ml)), "Embedding"),
            (classifiers, Saved().Chain.OfType<TextClassificationTransformer>().Single(), "Score"),
            (models, _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining).Fit(Data(_ml)), "LogProbability"),
            (generators, _ml.LanguageModels.GenerateText(model, "Text").Fit(Data(_ml)), "GeneratedText"),
        ];
        foreach (var (folder, task, column) in tasks)
        {
            task.SaveFolder(folder);
            var loaded = _ml.LanguageModels.LoadTransformer(folder, WeightLoading.Mapped);
            Assert.Equal(MappedFiles.Where(Path.Combine(folder, "model.safetensors")), MappedFiles.Of(folder));
            Assert.Equal(Values(task), Values(loaded));

            string Values(TextTransformer transformer)
            {
                var view = transformer.Transform(Data(_ml));
                return column switch
                {
                    "Embedding" or "Score" => JsonSerializer.Serialize(view.GetColumn<float[]>(column)),
                    "GeneratedText" => JsonSerializer.Serialize(view.GetColumn<string>(column)),
                    _ => JsonSerializer.Serialize(view.GetColumn<float>(column)),
                };
            }
        }
    }

    private static string Continue(LanguageModel model) => model.Generate("ripe", cancellation: TestContext.Current.CancellationToken);

    private static IDataView Data(MLContext ml) => Toy.View(ml, 20, seed: 6);

    private static float[] Scores(ITransformer model)
    {
        var rows = Enumerable.Range(0, 20).Select(row => new Row { Text = $"{(row % 2 == 0 ? "ripe plum" : "loud engine")} {row}" }).ToList();
        return [.. model.Transform(new MLContext().Data.LoadFromEnumerable(rows)).GetColumn<float[]>("Score").SelectMany(scores => scores)];
    }

    private (TransformerChain<Transforms.KeyToValueMappingTransformer> Chain, string Path) Saved()
    {
        using var model = Toy.Model();
        var data = Toy.View(_ml, 30);
        var chain = Toy.Pipeline(_ml, model, Toy.Classification with { Epochs = 1 }).Fit(data);
        string path = Path.Combine(ScratchFolder.New(), "model.zip");
        _ml.Model.Save(chain, data.Schema, path);
        return (chain, path);
    }

    private sealed class Row
    {
        public string Text { get; set; } = "";

        public string Class { get; set; } = "";
    }
}
