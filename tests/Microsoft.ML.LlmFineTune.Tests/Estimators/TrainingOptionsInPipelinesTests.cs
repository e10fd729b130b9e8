using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>What the training engine offers, asked for by the options of estimators.</summary>
public sealed class TrainingOptionsInPipelinesTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 3);
    private readonly string _folder = Directory.CreateTempSubdirectory("pipelines").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_adapter_is_trained_saved_and_made_a_part_of_the_weights()
    {
        using TextEncoder encoder = Toy.Encoder();
        IDataView data = Toy.View(_ml, 120);
        string adapter = Path.Combine(_folder, "adapter");
        LoraOptions lora = new() { Rank = 4, Alpha = 16, Targets = ModuleSelection.AllLinear };
        var options = Toy.Classification with { Epochs = 20, LearningRate = 2e-3, Seed = 5, Adapter = lora, AdapterFolder = adapter, Observers = [new Counter()] };
        var fitted = Fit(encoder, data, options);
        // The encoder below is random and frozen: in 20 epochs its adapter tells one class from the two others, which is two thirds; by chance it would be one.
        Assert.True(Accuracy(fitted.Chain, data) > 0.6, $"The accuracy is {Accuracy(fitted.Chain, data)}.");
        Assert.Null(ModelAdapters.Of(fitted.Classifier));
        Assert.True(((Counter)options.Observers[0]).Parameters < 0.6 * fitted.Classifier.parameters().Sum(parameter => parameter.numel()));

        // The folder's adapter on the same base computes what the merged weights do.
        Assert.Equal(4, Assert.IsType<LoraOptions>(PeftFolder.ReadOptions(adapter)).Rank);
        using SequenceClassifier again = encoder.CreateClassifier(fitted.Classifier.Labels, null, new RandomStreams(5).Initialization);
        using Tensor tokens = tensor((long[])[1, 7, 9, 4, 3, 8], [2, 3]), plain = again.Forward(tokens);
        PeftFolder.Load(adapter, again);
        again.eval();
        using Tensor adapted = again.Forward(tokens), merged = fitted.Classifier.Forward(tokens);
        Assert.True(adapted.allclose(merged, 1e-5, 1e-5));
        Assert.False(plain.allclose(merged, 1e-2, 1e-2));
        string whole = Path.Combine(_folder, "whole.zip");
        _ml.Model.Save(fitted.Chain, data.Schema, whole);
        Assert.Equal(Scores(fitted.Chain.Transform(data)), Scores(_ml.Model.Load(whole, out _).Transform(data)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_adapter_learns_in_16_bits_beside_a_base_that_stays_what_it_was(int replicas)
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 60);
        string adapter = Path.Combine(_folder, "adapter");
        var options = Toy.Pretraining with { Adapter = new LoraOptions { Targets = ModuleSelection.AllLinear }, AdapterFolder = adapter, Seed = 4, Epochs = 2, Replicas = replicas, Observers = [] };
        Losses full = new(), half = new();
        var exact = _ml.LanguageModels.PretrainCausalLanguageModel(model, options with { Observers = [full] }).Fit(data);
        var short16 = _ml.LanguageModels.PretrainCausalLanguageModel(model, options with { Observers = [half], Precision = TrainingPrecision.BFloat16 }).Fit(data);
        Assert.Equal(full.All.Count, half.All.Count);
        for (int step = 0; step < full.All.Count; step++) Assert.Equal(1, half.All[step] / full.All[step], 0.02);
        float[] before = Weights(model), after32 = Weights(exact.Model), after16 = Weights(short16.Model);
        Assert.NotEqual(before, after16);
        // What the adapter does not touch is to the bit what it was, and what it changed has more digits than bfloat16's.
        Assert.Equal(before.Zip(after32).Select(pair => pair.First == pair.Second), before.Zip(after16).Select(pair => pair.First == pair.Second));
        Assert.Contains(PeftWeights(adapter), weight => (BitConverter.SingleToInt32Bits(weight) & 0xFFFF) != 0);
    }

    [Fact]
    public void Fit_goes_on_from_its_folder_and_ends_as_if_it_had_not_been_interrupted()
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 100);
        var options = Toy.Pretraining with { Epochs = 2, Checkpoints = new CheckpointOptions { Folder = _folder, EverySteps = 2 } };
        var whole = new MLContext(7).LanguageModels.PretrainCausalLanguageModel(model, options with { Checkpoints = null, Seed = 7 }).Fit(data);
        Assert.Throws<InvalidOperationException>(() => Fit(new MLContext(7), options with { Seed = 7, Observers = [new Stop(5)] }));
        Counter seen = new();
        // Without a seed it is the one of the folder; the context has another.
        var resumed = Fit(new MLContext(8), options with { Observers = [seen] });
        Assert.Equal(4, seen.ResumedAt);
        Assert.Equal(Weights(whole.Model), Weights(resumed.Model));

        CausalPretrainingTransformer Fit(MLContext ml, CausalPretrainingOptions how) => ml.LanguageModels.PretrainCausalLanguageModel(model, how).Fit(data);
    }

    [Fact]
    public void Layers_freeze_and_optimizers_are_chosen()
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 60);
        var options = Toy.Pretraining with { LearningRate = null, Optimizer = new LionOptions { LearningRate = 1e-3 }, Freezing = new FreezingOptions { LastLayers = 0 }, AccumulatedBatches = 2, Precision = TrainingPrecision.Float32 };
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, options).Fit(data);
        var (before, after) = (model.Backbone.named_parameters().ToDictionary(), fitted.Model.Backbone.named_parameters().ToDictionary());
        foreach (string name in before.Keys)
            Assert.Equal(name.StartsWith("finalNorm", StringComparison.Ordinal), !before[name].allclose(after[name], 0, 0));
    }

    [Fact]
    public void Everything_else_is_configured_by_a_function()
    {
        using LanguageModel model = Toy.Model();
        TrainingOptions? seen = null;
        Watch watch = new(start => seen = start.Options);
        _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Configure = training => training with { Mixout = 0.5, MaximumSteps = 2 }, Observers = [watch] }).Fit(Toy.View(_ml, 40));
        Assert.Equal((0.5, 2L), (seen!.Mixout, seen.MaximumSteps!.Value));
    }

    [Fact]
    public void Contradictions_are_told_apart_by_name()
    {
        using LanguageModel model = Toy.Model();
        string optimizer = Refused(Toy.Pretraining with { Optimizer = new AdamWOptions() });
        Assert.Contains("Optimizer and LearningRate contradict each other", optimizer, StringComparison.Ordinal);
        Assert.Contains("AdapterFolder", Refused(Toy.Pretraining with { AdapterFolder = "x" }), StringComparison.Ordinal);
        Assert.Contains("its virtual tokens are 31", Refused(Toy.Pretraining with { Adapter = new PromptTuningOptions { VirtualTokens = 31 } }), StringComparison.Ordinal);
        Assert.Contains("at most the 22 positions", Refused(Toy.Pretraining with { Adapter = new PrefixTuningOptions { VirtualTokens = 10 }, SequenceLength = 23 }), StringComparison.Ordinal);
        Assert.Contains("Configure", Refused(Toy.Pretraining with { Configure = _ => null! }), StringComparison.Ordinal);
        Assert.Contains("KeepLast", Refused(Toy.Pretraining with { Checkpoints = new CheckpointOptions { Folder = "x", KeepLast = 0 } }), StringComparison.Ordinal);

        string Refused(CausalPretrainingOptions options) => Assert.ThrowsAny<ArgumentException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, options)).Message;
    }

    private (ITransformer Chain, SequenceClassifier Classifier) Fit(TextEncoder encoder, IDataView data, TextClassificationOptions options)
    {
        var chain = Toy.Pipeline(_ml, encoder, options).Fit(data);
        return (chain, ((IEnumerable<ITransformer>)chain).OfType<TextClassificationTransformer>().Single().Classifier);
    }

    private static double Accuracy(ITransformer chain, IDataView data)
    {
        IDataView scored = chain.Transform(data);
        return scored.GetColumn<string>("PredictedLabel").Zip(scored.GetColumn<string>(nameof(LabeledRow.Class))).Average(pair => pair.First == pair.Second ? 1.0 : 0);
    }

    private static float[] Scores(IDataView view) => [.. view.GetColumn<VBuffer<float>>("Score").SelectMany(row => row.DenseValues())];

    private static float[] Weights(LanguageModel model) => [.. model.Backbone.named_parameters().SelectMany(named => named.parameter.detach().contiguous().data<float>().ToArray())];

    private sealed class Counter : ITrainingObserver
    {
        public long Parameters { get; private set; }

        public long? ResumedAt { get; private set; }

        public void Started(TrainingStart start) => Parameters = start.Parameters;

        public void Resumed(TrainingResumption resumption) => ResumedAt = resumption.Step;
    }

    private static IEnumerable<float> PeftWeights(string folder) => LlmFineTune.Checkpoints.SafeTensors.Read(Path.Combine(folder, PeftFolder.WeightsName)).Values.SelectMany(tensor => tensor.contiguous().data<float>().ToArray());

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

    private sealed class Watch(Action<TrainingStart> started) : ITrainingObserver
    {
        public void Started(TrainingStart start) => started(start);
    }
}
