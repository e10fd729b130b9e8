using System.Globalization;
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
        string reactive = Refused(Toy.Pretraining with { Schedule = new PlateauSchedule() });
        Assert.Contains("Schedule", reactive, StringComparison.Ordinal);
        Assert.Contains("ValidationData", reactive, StringComparison.Ordinal);
        Assert.Contains("Configure", Refused(Toy.Pretraining with { Configure = _ => null! }), StringComparison.Ordinal);
        Assert.Contains("KeepLast", Refused(Toy.Pretraining with { Checkpoints = new CheckpointOptions { Folder = "x", KeepLast = 0 } }), StringComparison.Ordinal);

        string Refused(CausalPretrainingOptions options) => Assert.ThrowsAny<ArgumentException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(model, options)).Message;
    }

    [Fact]
    public void Where_an_adapter_cannot_be_saved_is_said_before_it_is_trained_and_what_was_trained_is_not_lost()
    {
        using LanguageModel model = Toy.Model();
        IDataView data = Toy.View(_ml, 20);
        string file = Path.Combine(_folder, "file"), folder = Path.Combine(_folder, "adapter");
        File.WriteAllText(file, "");
        int steps = 0;
        var options = Toy.Pretraining with { Adapter = new LoraOptions(), AdapterFolder = folder, Observers = [new Step(_ => steps++)] };
        Assert.Contains("AdapterFolder", Assert.Throws<IOException>(() => Fit(options with { AdapterFolder = file })).Message, StringComparison.Ordinal);
        Assert.Contains("AdapterFolder", Assert.Throws<ArgumentException>(() => Fit(options with { AdapterFolder = " " })).Message, StringComparison.Ordinal);
        Assert.Equal(0, steps);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder, "*.tmp", SearchOption.AllDirectories));

        // The folder's place is taken while training goes on.
        var failed = Assert.Throws<TrainingFailedException>(() => Fit(options with
        {
            Observers = [new Step(step =>
            {
                if (step.Step != 1) return;
                Directory.Delete(folder);
                File.WriteAllText(folder, "");
            })],
        }));
        Assert.Contains("LastGood", failed.Message, StringComparison.Ordinal);
        var whole = Fit(options with { AdapterFolder = null });
        Assert.Equal(Weights(whole.Model), Weights(((CausalPretrainingTransformer)failed.LastGood).Model));

        CausalPretrainingTransformer Fit(CausalPretrainingOptions how) => new MLContext(3).LanguageModels.PretrainCausalLanguageModel(model, how with { Seed = 2 }).Fit(data);
    }

    [Fact]
    public void A_range_test_is_that_of_the_adapter_where_the_options_have_one()
    {
        using LanguageModel model = Toy.Model();
        var range = new RateRangeOptions { Steps = 6 };
        double[] whole = Curve(null), adapted = Curve(new LoraOptions());
        // The first loss is that of the model, whatever is trained.
        Assert.Equal(whole[0], adapted[0]);
        Assert.NotEqual(whole[^1], adapted[^1]);
        // An adapter of four numbers a layer moves less.
        Assert.True(whole[0] - whole[^1] > adapted[0] - adapted[^1]);

        double[] Curve(AdapterOptions? adapter) => [.. _ml.LanguageModels.FindLearningRate(model, Toy.View(_ml, 60), Toy.Pretraining with { Seed = 1, Adapter = adapter }, range).Points.Select(point => point.Loss)];
    }

    [Fact]
    public void The_log_has_every_option_what_lists_hold_and_what_the_function_changed()
    {
        using LanguageModel model = Toy.Model();
        LogLines log = new(_ml);
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = "," } };
        try
        {
            _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with
            {
                MaximumSteps = 1, Adapter = new LoraOptions { RankPattern = new Dictionary<string, int> { ["c_attn"] = 3 } },
                Freezing = new FreezingOptions { Frozen = ["*.ln_1.*", "*.ln_2.*"] }, Configure = training => training with { Mixout = 0.25 },
            }).Fit(Toy.View(_ml, 20));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
        string line = log.All.Select(entry => entry.Text).Single(text => text.StartsWith("Seed ", StringComparison.Ordinal));
        foreach (string part in (string[])["LearningRate = 0.005", "Freezing.Frozen = *.ln_1.*, *.ln_2.*", "Adapter.RankPattern = [c_attn, 3]", "Adapter.Rank = 8", "MaximumSteps = 1"]) Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.Contains("Configure changed: Mixout from 0 to 0.25.", log.All.Select(entry => entry.Text));
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(1, false)]
    public void A_warm_up_that_is_longer_than_the_run_is_warned_of(long steps, bool warns)
    {
        using LanguageModel model = Toy.Model();
        LogLines log = new(_ml);
        _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Schedule = new CosineSchedule { WarmupSteps = steps } }).Fit(Toy.View(_ml, 60));
        Assert.Equal(warns, log.Warnings.Any(line => line.Contains("Schedule.WarmupSteps", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(0.999, WeightAverageKind.Plain, true)]
    [InlineData(0.5, WeightAverageKind.Plain, false)]
    [InlineData(0.999, WeightAverageKind.Warmup, false)]
    public void An_average_that_keeps_the_first_weights_is_warned_of(double decay, WeightAverageKind kind, bool warns)
    {
        using LanguageModel model = Toy.Model();
        LogLines log = new(_ml);
        _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { Configure = training => training with { MaximumSteps = 4, Epochs = null, WeightAverage = new() { Decay = decay, Kind = kind } } }).Fit(Toy.View(_ml, 20));
        Assert.Equal(warns, log.Warnings.Any(line => line.Contains("WeightAverage", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_largest_batch_size_is_a_batch_of_all_rows()
    {
        using LanguageModel model = Toy.Model();
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(model, Toy.Pretraining with { BatchSize = int.MaxValue, ValidationData = Toy.View(_ml, 20) }).Fit(Toy.View(_ml, 40));
        Assert.Equal((1L, 1), (fitted.Training!.Steps, fitted.Training.Validations.Count));
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

    private sealed class Step(Action<TrainingStep> stepped) : ITrainingObserver
    {
        public void Stepped(TrainingStep step) => stepped(step);
    }

    private sealed class Watch(Action<TrainingStart> started) : ITrainingObserver
    {
        public void Started(TrainingStart start) => started(start);
    }
}
