using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>Bases in four bits, and adapters that cannot become a part of the weights, asked for by the options of estimators.</summary>
public sealed class AdaptersInPipelinesTests : IDisposable
{
    private static readonly LoraOptions Lora = new() { Targets = ModuleSelection.Of("c_attn") };

    private readonly MLContext _ml = new(seed: 3);
    private readonly string _folder = Directory.CreateTempSubdirectory("adapters").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(null, 1)]
    [InlineData(null, 2)]
    [InlineData(TrainingPrecision.BFloat16, 2)]
    public void What_a_base_in_four_bits_and_its_adapter_came_to_is_an_ordinary_model(TrainingPrecision? precision, int replicas)
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 60);
        LogLines log = new(_ml);
        byte[][] before = Weights(model.Backbone);
        string adapter = Path.Combine(_folder, "adapter");
        var options = Toy.Pretraining with { Adapter = Lora, AdapterFolder = adapter, BaseQuantization = new Nf4Options(), Precision = precision, Replicas = replicas };
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, options).Fit(data);
        Assert.Contains(log.All, line => line.Text == "4 linear layers of the base are kept in four bits a number.");
        Assert.Contains(log.All, line => line.Text.StartsWith("The weights are the numbers that the four bits", StringComparison.Ordinal));
        Assert.Equal(before, Weights(model.Backbone));
        Assert.Null(ModelAdapters.Of(fitted.Model.Backbone));
        Assert.All(fitted.Model.Backbone.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));

        // What the adapter does not change has the numbers of the four bits; on a base in four bits it computes what the merged weights do.
        using BackboneModel base4 = model.CopyBackbone(), dense = model.CopyBackbone();
        ModelQuantization.ToNf4(base4);
        ModelQuantization.ToNf4(dense);
        ModelQuantization.ToDense(dense);
        Dictionary<string, Parameter> expected = dense.named_parameters().ToDictionary(), weights = fitted.Model.Backbone.named_parameters().ToDictionary();
        string changed = model.Backbone.WeightNames.Single(weight => weight.File.EndsWith("attn.c_attn.weight", StringComparison.Ordinal)).Parameter;
        foreach (string name in expected.Keys) Assert.Equal(name == changed, !expected[name].equal(weights[name]).all().item<bool>());
        PeftFolder.Load(adapter, base4);
        base4.eval();
        using Tensor tokens = tensor((long[])[1, 7, 9, 4, 3, 8], [2, 3]), adapted = base4.ReadTexts(tokens), merged = fitted.Model.Backbone.ReadTexts(tokens);
        Assert.True(adapted.allclose(merged, 1e-4, 1e-5));

        string file = Path.Combine(_folder, "model.zip");
        _ml.Model.Save(fitted, data.Schema, file);
        Assert.Equal(LogProbabilities(fitted.Transform(data)), LogProbabilities(_ml.Model.Load(file, out _).Transform(data)));
    }

    [Fact]
    public void A_kept_layer_stays_dense_and_a_classifier_has_its_head()
    {
        using TextEncoder encoder = Toy.Encoder();
        IDataView data = Toy.View(_ml, 60);
        LogLines log = new(_ml);
        var options = Toy.Classification with { Epochs = 1, Adapter = new LoraOptions(), BaseQuantization = new Nf4Options { DoubleQuantization = false, Kept = ModuleSelection.Of("query", "key", "value") }, Precision = TrainingPrecision.BFloat16, Replicas = 2 };
        ITransformer chain = Toy.Pipeline(_ml, encoder, options).Fit(data);
        Assert.Contains(log.All, line => line.Text == "3 linear layers of the base are kept in four bits a number.");
        SequenceClassifier classifier = ((IEnumerable<ITransformer>)chain).OfType<TextClassificationTransformer>().Single().Classifier;
        Dictionary<string, Parameter> before = encoder.Backbone.named_parameters().ToDictionary(), after = classifier.Backbone.named_parameters().ToDictionary();
        Assert.All(before.Keys.Where(name => name.EndsWith("key.weight", StringComparison.Ordinal)), name => Assert.True(before[name].equal(after[name]).all().item<bool>()));
        Assert.All(LinearQuantization.LayersOf(classifier), entry => Assert.Null(entry.Layer.Quantized));
    }

    [Fact]
    public void A_run_on_four_bits_goes_on_as_if_it_had_not_been_interrupted()
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 100);
        var options = Toy.Pretraining with { Epochs = 2, Seed = 7, Adapter = Lora, BaseQuantization = new Nf4Options(), Precision = TrainingPrecision.BFloat16, Checkpoints = new CheckpointOptions { Folder = _folder, EverySteps = 2 } };
        var whole = _ml.LanguageModels.PretrainCausalLanguageModel(model, options with { Checkpoints = null }).Fit(data);
        Assert.Throws<InvalidOperationException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, options with { Observers = [new Stop(5)] }).Fit(data));
        var resumed = _ml.LanguageModels.PretrainCausalLanguageModel(model, options).Fit(data);
        Assert.Equal(Weights(whole.Model.Backbone), Weights(resumed.Model.Backbone));
    }

    [Fact]
    public void A_copy_of_a_model_in_four_bits_is_one()
    {
        using LanguageModel model = Toy.Model();
        ModelQuantization.ToNf4(model.Backbone);
        using BackboneModel copy = model.CopyBackbone();
        using Tensor tokens = tensor((long[])[1, 7, 9, 4, 3, 8], [2, 3]), one = model.Backbone.ReadTexts(tokens), other = copy.ReadTexts(tokens);
        Assert.True(one.equal(other).all().item<bool>());
    }

    [Fact]
    public void Rates_are_found_for_what_is_trained()
    {
        using LanguageModel model = Toy.Model();
        RateRangeOptions range = new() { StartRate = 1e-3, Steps = 20, Smoothing = 0 };
        IDataView data = Toy.View(_ml, 40);
        var options = Toy.Pretraining with { Seed = 5 };
        RateCurve whole = _ml.LanguageModels.FindLearningRate(model, data, options, range), adapted = _ml.LanguageModels.FindLearningRate(model, data, options with { Adapter = Lora }, range);
        Assert.Equal(whole.Points[0].Loss, adapted.Points[0].Loss, 1e-6);
        // A small adapter of one layer moves the loss by less than all weights do.
        Assert.True(Math.Abs(adapted.Points[9].Loss - adapted.Points[0].Loss) < Math.Abs(whole.Points[9].Loss - whole.Points[0].Loss));
    }

    [Fact]
    public void An_adapter_names_its_base_as_it_was_given()
    {
        string given = Path.Combine(_folder, "base"), file = Path.Combine(_folder, "model.zip");
        using LanguageModel made = Toy.Model();
        made.Save(given);
        using LanguageModel loaded = _ml.LanguageModels.Load(given, cancellation: TestContext.Current.CancellationToken);
        var fitted = Fit(loaded, Lora);
        Assert.Equal(given, PeftFolder.ReadOptions(Path.Combine(_folder, "adapter")).BaseModel);
        using (DecoderModel whole = PeftFolder.LoadDecoder(Path.Combine(_folder, "adapter"))) Assert.NotNull(ModelAdapters.Of(whole)!.Active);
        // What was made in memory has no place; neither has what was unpacked for a moment.
        Fit(made, Lora);
        Assert.Null(PeftFolder.ReadOptions(Path.Combine(_folder, "adapter")).BaseModel);
        _ml.Model.Save(fitted, Toy.View(_ml, 1).Schema, file);
        Fit(((CausalPretrainingTransformer)_ml.Model.Load(file, out _)).Model, Lora);
        Assert.Null(PeftFolder.ReadOptions(Path.Combine(_folder, "adapter")).BaseModel);
        // Who says where it is, is believed.
        Fit(loaded, Lora with { BaseModel = "org/name" });
        Assert.Equal("org/name", PeftFolder.ReadOptions(Path.Combine(_folder, "adapter")).BaseModel);

        CausalPretrainingTransformer Fit(LanguageModel model, LoraOptions lora) =>
            _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { MaximumSteps = 1, Adapter = lora, AdapterFolder = Path.Combine(_folder, "adapter") }).Fit(Toy.View(_ml, 20));
    }

    [Fact]
    public void Four_bits_without_an_adapter_are_refused()
    {
        using LanguageModel model = Toy.Model();
        string message = Assert.Throws<ArgumentException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { BaseQuantization = new Nf4Options() })).Message;
        Assert.Contains("Set Adapter", message, StringComparison.Ordinal);
        Nf4Options defaults = new();
        Assert.Equal((true, null), (defaults.DoubleQuantization, defaults.Kept));
    }

    [Theory]
    [InlineData("prompt")]
    [InlineData("prefix")]
    [InlineData("prompt on four bits")]
    [InlineData("tied embedding")]
    public void What_can_be_no_part_of_the_weights_stays_in_the_fitted_model(string kind)
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 60);
        LogLines log = new(_ml);
        AdapterOptions adapter = kind switch
        {
            "prefix" => new PrefixTuningOptions { VirtualTokens = 5 },
            "tied embedding" => new LoraOptions { Targets = ModuleSelection.Of("wte") },
            _ => new PromptTuningOptions { VirtualTokens = 5 },
        };
        string folder = Path.Combine(_folder, "adapter"), whole = Path.Combine(_folder, "whole"), file = Path.Combine(_folder, "model.zip");
        Losses losses = new();
        var options = Toy.Pretraining with { Epochs = 9, LearningRate = 0.1, Adapter = adapter, AdapterFolder = folder, Replicas = 2, Observers = [losses], BaseQuantization = kind == "prompt on four bits" ? new Nf4Options() : null };
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, options).Fit(data);
        (double first, double last) = (losses.All.Take(losses.All.Count / 3).Average(), losses.All.TakeLast(losses.All.Count / 3).Average());
        Assert.True(last < first, $"The loss went from {first} to {last}.");
        Assert.Contains(log.All, line => line.Text.EndsWith("The fitted model keeps it, and is saved with it.", StringComparison.Ordinal));
        Assert.NotNull(ModelAdapters.Of(fitted.Model.Backbone)!.Active);
        using BackboneModel bare = model.CopyBackbone();
        if (kind == "prompt on four bits")
        {
            ModelQuantization.ToNf4(bare);
            ModelQuantization.ToDense(bare);
        }
        bare.eval();
        Dictionary<string, Parameter> before = bare.named_parameters().ToDictionary(), after = fitted.Model.Backbone.named_parameters().ToDictionary();
        Assert.All(before.Keys, name => Assert.True(before[name].equal(after[name]).all().item<bool>()));

        // One text is longer than what the virtual tokens leave of the model's positions.
        IDataView texts = _ml.Data.LoadFromEnumerable(Toy.Rows(9, seed: 4).Append(new LabeledRow { Text = string.Join(' ', Toy.Rows(9).Select(row => row.Text)) }));
        float[] scores = LogProbabilities(fitted.Transform(texts));
        Assert.All(scores, score => Assert.True(float.IsFinite(score)));
        _ml.Model.Save(fitted, data.Schema, file);
        Assert.Equal(scores, LogProbabilities(_ml.Model.Load(file, out _).Transform(texts)));
        fitted.SaveFolder(whole);
        Assert.Equal(scores, LogProbabilities(TransformerFolder.Load(whole, _ml).Transform(texts)));
        PeftFolder.Load(folder, bare);
        bare.eval();
        using Tensor tokens = tensor((long[])[1, 7, 9, 4, 3, 8], [2, 3]), expected = fitted.Model.Backbone.ReadTexts(tokens), other = bare.ReadTexts(tokens);
        Assert.True(expected.equal(other).all().item<bool>());

        // The scores are the adapter's.
        ModelAdapters.Of(fitted.Model.Backbone)!.Deactivate();
        Assert.NotEqual(scores, LogProbabilities(fitted.Transform(texts)));
        // Saved without it over a folder that had one, the model has none.
        fitted.SaveFolder(whole);
        Assert.Null(ModelAdapters.Of(((CausalPretrainingTransformer)TransformerFolder.Load(whole, _ml)).Model.Backbone));
    }

    [Theory]
    [InlineData("encoder")]
    [InlineData("decoder")]
    public void Virtual_tokens_classify_after_saving_as_before(string kind)
    {
        using TextModel model = kind == "encoder" ? Toy.Encoder() : Toy.Model();
        IDataView data = Toy.View(_ml, 60);
        var options = Toy.Classification with { Epochs = 2, Seed = 5, Adapter = new PromptTuningOptions { VirtualTokens = 4 }, Replicas = 2 };
        ITransformer chain = Toy.Pipeline(_ml, model, options).Fit(data);
        IDataView texts = _ml.Data.LoadFromEnumerable(Toy.Rows(9, seed: 4).Append(new LabeledRow { Text = string.Join(' ', Toy.Rows(9).Select(row => row.Text)) }));
        float[] scores = Scores(chain.Transform(texts));
        string file = Path.Combine(_folder, "model.zip");
        _ml.Model.Save(chain, data.Schema, file);
        ITransformer loaded = _ml.Model.Load(file, out _);
        Assert.Equal(scores, Scores(loaded.Transform(texts)));
        SequenceClassifier classifier = ((IEnumerable<ITransformer>)loaded).OfType<TextClassificationTransformer>().Single().Classifier;
        Assert.Equal(4, Assert.IsType<PromptTuningOptions>(ModelAdapters.Of(classifier)!.OptionsOf()).VirtualTokens);
        // The new head is trained, and saved with the adapter.
        Assert.Contains(ModelAdapters.Of(classifier)!.ParameterNames().Keys, key => key.Contains(kind == "encoder" ? "classifier" : "score", StringComparison.Ordinal));
        ModelAdapters.Of(classifier)!.Deactivate();
        Assert.NotEqual(scores, Scores(loaded.Transform(texts)));
    }

    [Fact]
    public void The_next_task_goes_on_with_the_adapter_or_says_that_it_cannot()
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 60);
        var options = Toy.Pretraining with { Adapter = new PromptTuningOptions { VirtualTokens = 4 }, LearningRate = 0.02 };
        using LanguageModel tuned = _ml.LanguageModels.PretrainCausalLanguageModel(model, options).Fit(data).Model;
        IDataView prompts = _ml.Data.LoadFromEnumerable(Toy.Rows(3).Select(row => new PromptRow { Prompt = row.Text }));
        var generating = _ml.Transforms.Text.GenerateText(tuned, new TextGenerationOptions { PromptColumnName = "Prompt", Generation = new() { MaxNewTokens = 6, Temperature = 0 } }).Fit(prompts);
        string[] generated = [.. generating.Transform(prompts).GetColumn<string>("GeneratedText")];
        string file = Path.Combine(_folder, "model.zip");
        _ml.Model.Save(generating, prompts.Schema, file);
        Assert.Equal(generated, _ml.Model.Load(file, out _).Transform(prompts).GetColumn<string>("GeneratedText"));

        // Without another adapter, it is the one that is there that learns on.
        var further = _ml.LanguageModels.PretrainCausalLanguageModel(tuned, options with { Adapter = null, Seed = 2 }).Fit(data).Model;
        Dictionary<string, Parameter> before = tuned.Backbone.named_parameters().ToDictionary(), after = further.Backbone.named_parameters().ToDictionary();
        Assert.All(before.Keys, name => Assert.Equal(name == "prompt-default.embeddings", !before[name].equal(after[name]).all().item<bool>()));

        Assert.Contains("already", Assert.Throws<ArgumentException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(tuned, options)).Message, StringComparison.Ordinal);
        Assert.Contains("A classifier is made of a model's weights alone", Assert.Throws<InvalidOperationException>(() => Toy.Pipeline(_ml, tuned)).Message, StringComparison.Ordinal);
        Assert.Contains("PeftFolder", Assert.Throws<InvalidOperationException>(() => tuned.Save(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_adapter_is_told_of()
    {
        using LanguageModel model = Toy.Model();
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Adapter = new PromptTuningOptions { VirtualTokens = 4 }, MaximumSteps = 1 }).Fit(Toy.View(_ml, 20));
        fitted.SaveFolder(_folder);
        File.Delete(Path.Combine(_folder, "adapter", PeftFolder.WeightsName));
        Assert.Contains("names an adapter, of which a file is missing", Assert.Throws<InvalidDataException>(() => TransformerFolder.Load(_folder, _ml)).Message, StringComparison.Ordinal);
        string task = Path.Combine(_folder, "task.json");
        File.WriteAllText(task, File.ReadAllText(task).Replace("\"adapter\"", "\"../adapter\"", StringComparison.Ordinal));
        Assert.Contains("must be 'adapter'", Assert.Throws<InvalidDataException>(() => TransformerFolder.Load(_folder, _ml)).Message, StringComparison.Ordinal);
    }

    private static float[] Scores(IDataView view) => [.. view.GetColumn<VBuffer<float>>("Score").SelectMany(row => row.DenseValues())];

    private static byte[][] Weights(nn.Module model) => [.. model.parameters().Select(parameter => parameter.detach().contiguous().bytes.ToArray())];

    private static float[] LogProbabilities(IDataView view) => [.. view.GetColumn<float>("LogProbability")];

    private sealed class PromptRow
    {
        public string Prompt { get; set; } = "";
    }

    private sealed class Losses : ITrainingObserver
    {
        public List<double> All { get; } = [];

        public void Stepped(TrainingStep step) => All.Add(step.Loss);
    }

    private sealed class Stop(long step) : ITrainingObserver
    {
        public void Stepped(TrainingStep taken)
        {
            if (taken.Step == step) throw new InvalidOperationException("the machine went down");
        }
    }
}
