using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Minilm;

/// <summary>minilm/trajectory: some steps of fine-tuning a real encoder through the library's own trainer, number by number; and the ids of the rows it trains on.</summary>
internal sealed partial class TrajectoryReader : CaseReader
{
    private const int WholeTensor = 20000;

    /// <summary>The rate of adapters is 20 to 40 times higher, and Adam's first step is as long as the rate, however small the gradient.</summary>
    private const double AdapterTolerance = 1e-4;

    public override bool Reads(string file) => file == "trajectory.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        using var scope = NewDisposeScope();
        if (c["steps"].IsGiven()) VerifyTrajectory(c, tally);
        else VerifyRow(c, tally);
    }

    private static string Model(FixtureCase c) => Path.Combine(c.Area, "model");

    private static void VerifyRow(FixtureCase c, Tally tally)
    {
        int longest = c.Root.GetProperty("trajectories")[0].GetProperty("hyperparameters").GetProperty("max_length").GetInt32();
        var encoding = TokenizerModel.LoadFolder(Model(c)).Encode(c["text"].GetString()!, new EncodingOptions { Truncation = new TruncationOptions { MaximumLength = longest } });
        tally.Sequence("ids", c["input_ids"].ToInts(), encoding.Ids);
    }

    private static void VerifyTrajectory(FixtureCase c, Tally tally)
    {
        var settings = c["hyperparameters"];
        var tensors = SafeTensors.Read(Path.Combine(c.Area, "trajectory.safetensors"));
        var (model, _) = HuggingFaceFolder.LoadForFineTuning(Model(c), config => Classifier(config, settings, tensors), new RandomStreams(1).Initialization);
        using (model)
        {
            Start(model, tensors);
            if (settings.TryGetProperty("trained", out var trained)) Freeze(model, trained.GetString()!);
            if (settings.TryGetProperty("lora", out var lora)) Adapt(c, model, lora, tensors);
            Recorded recorded = new(c, tally, tensors, settings, model);
            recorded.FirstGradients();
            new Trainer(model, recorded.Objective, Options(settings, recorded.Steps), recorded).Train(recorded.Source);
            recorded.Weights();
        }
    }

    private static SequenceClassifier Classifier(ModelConfig config, JsonElement settings, IReadOnlyDictionary<string, Tensor> tensors)
    {
        double dropout = settings.GetProperty("dropout").GetDouble();
        var without = (BertFamilyConfig)config with { HiddenDropout = dropout, AttentionDropout = dropout, ClassifierDropout = dropout };
        return new SequenceClassifier(without.CreateBackbone(), [.. Enumerable.Range(0, (int)tensors["init.classifier.weight"].size(0)).Select(label => label.ToString(CultureInfo.InvariantCulture))]);
    }

    private static void Start(SequenceClassifier model, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var withoutGradients = no_grad();
        var weights = ModelWeights.Views(model);
        foreach (var name in (string[])["classifier.weight", "classifier.bias"]) weights[name].copy_(tensors[$"init.{name}"]);
    }

    private static void Freeze(SequenceClassifier model, string trained)
    {
        if (trained != "classifier and pooler") throw new UnsupportedException($"there is no reader for the training of {trained}");
        foreach (var parameter in model.Backbone.parameters()) parameter.requires_grad_(false);
    }

    private static void Adapt(FixtureCase c, SequenceClassifier model, JsonElement lora, IReadOnlyDictionary<string, Tensor> tensors)
    {
        string[] known = ["r", "alpha", "dropout", "target_modules", "modules_to_save"];
        var unknown = lora.EnumerateObject().Select(option => option.Name).Except(known).ToList();
        if (unknown.Count > 0) throw new UnsupportedException($"there is no reader for LoRA's {string.Join(", ", unknown)}");
        var adapters = ModelAdapters.Attach(model, new LoraOptions
        {
            Rank = lora.GetProperty("r").GetInt32(), Alpha = lora.GetProperty("alpha").GetDouble(), Dropout = lora.GetProperty("dropout").GetDouble(),
            Targets = ModuleSelection.Of([.. Names("target_modules")]), ModulesToSave = [.. Names("modules_to_save")],
        });
        using var withoutGradients = no_grad();
        var views = adapters.Views();
        string prefix = $"{c.Name}.init.";
        foreach (var (name, value) in tensors.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))) views[Saved(name[prefix.Length..])].copy_(value);

        IEnumerable<string> Names(string key) => lora.GetProperty(key).EnumerateArray().Select(name => name.GetString()!);
    }

    /// <summary>A parameter's name in the reference's modules, as adapter files have it.</summary>
    private static string Saved(string name) => name.Replace(".modules_to_save.default.", ".", StringComparison.Ordinal).Replace(".default.", ".", StringComparison.Ordinal);

    private static TrainingOptions Options(JsonElement settings, int steps)
    {
        string schedule = settings.GetProperty("schedule").GetString()!;
        var warmup = Warmup().Match(schedule);
        LearningRateSchedule shape = schedule == "constant" ? new ConstantSchedule() : schedule.EndsWith("linear decay", StringComparison.Ordinal) ? new LinearSchedule() : throw new UnsupportedException($"there is no reader for the schedule {schedule}");
        var betas = settings.GetProperty("betas").ToDoubles();
        return new TrainingOptions
        {
            Optimizer = new AdamWOptions { LearningRate = settings.GetProperty("lr").GetDouble(), Beta1 = betas[0], Beta2 = betas[1], Epsilon = settings.GetProperty("eps").GetDouble(), WeightDecay = settings.GetProperty("weight_decay").GetDouble() },
            Schedule = shape with
            {
                WarmupSteps = warmup.Success ? long.Parse(warmup.Groups[1].Value, CultureInfo.InvariantCulture) : 0,
                EndStep = warmup.Success ? long.Parse(warmup.Groups[2].Value, CultureInfo.InvariantCulture) : steps,
            },
            MaximumGradientNorm = settings.TryGetProperty("clip", out var clip) && clip.IsGiven() ? clip.GetDouble() : null,
            Replicas = 2,
            Device = ComputeDevice.Cpu,
        };
    }

    [GeneratedRegex(@"warm-up (\d+) of (\d+)")]
    private static partial Regex Warmup();

    /// <summary>The recorded steps: the batches for training, what is expected for comparison after each.</summary>
    private sealed class Recorded : ITrainingObserver
    {
        private readonly FixtureCase _case;
        private readonly Tally _tally;
        private readonly IReadOnlyDictionary<string, Tensor> _tensors;
        private readonly JsonElement[] _steps;
        private readonly SequenceClassifier _model;
        private readonly Dictionary<string, Tensor> _before;
        private readonly TokenBatch[] _batches;

        public Recorded(FixtureCase c, Tally tally, IReadOnlyDictionary<string, Tensor> tensors, JsonElement settings, SequenceClassifier model)
        {
            (_case, _tally, _tensors, _model) = (c, tally, tensors, model);
            _steps = [.. c["steps"].EnumerateArray()];
            _batches = [.. Enumerable.Range(0, _steps.Length).Select(Batch)];
            _before = Weights(model).ToDictionary(entry => entry.Key, entry => entry.Value.clone());
            Objective = new ClassificationObjective(settings.TryGetProperty("label_smoothing", out var smoothing) ? smoothing.GetDouble() : 0);
            Source = new GivenBatches(_batches);
        }

        public int Steps => _steps.Length;

        /// <summary>What is compared: all weights of the model, or those that the adapter trains.</summary>
        private static IReadOnlyDictionary<string, Tensor> Weights(SequenceClassifier model) => ModelAdapters.Of(model) is { } adapters ? adapters.Views() : ModelWeights.Views(model);

        public ClassificationObjective Objective { get; }

        public IBatchSource Source { get; }

        public void FirstGradients()
        {
            using var scope = NewDisposeScope();
            _model.train();
            Objective.SummedLoss(_model, _batches[0]).div(_batches[0].TargetCount).backward();
            IReadOnlyDictionary<string, Tensor> gradients = ModelAdapters.Of(_model) is { } adapters ? adapters.Gradients() : ModelWeights.Gradients(_model);
            foreach (var (name, expected) in Of("step1_grad")) _tally.Tensors("first gradients", expected, Stored(gradients[Saved(name)]), 1e-5);
            foreach (var norm in _steps[0].GetProperty("per_parameter_grad_norm").EnumerateObject().Where(norm => !IsNoise(norm.Name)))
                _tally.Number("first gradients' norms", norm.Value.GetDouble(), gradients[Saved(norm.Name)].norm().item<float>(), 1e-4, floor: 1e-2);
            foreach (var parameter in _model.parameters()) parameter.grad = null;
            Logits("logits", _steps[0].GetProperty("logits"), 0);
        }

        public void Stepped(TrainingStep step)
        {
            var expected = _steps[step.Step - 1];
            _tally.Number("loss", expected.GetProperty("loss").GetDouble(), step.Loss, 5e-6);
            _tally.Number("gradient norm", expected.GetProperty("grad_norm_before_clip").GetDouble(), step.GradientNorm, 1e-4, floor: 0);
            _tally.Number("learning rate", expected.GetProperty("lr").GetDouble(), step.LearningRate, 1e-9, floor: 0);
            using var scope = NewDisposeScope();
            _tally.Number("sum of the classifier's weights", expected.GetProperty("classifier_weight_sum_after").GetDouble(), Weights(_model).Single(entry => entry.Key.EndsWith("classifier.weight", StringComparison.Ordinal)).Value.sum().item<float>(), 1e-4);
            if (step.Step < _steps.Length) Logits("logits", _steps[step.Step].GetProperty("logits"), (int)step.Step);
            else Logits("logits after the steps", _case["logits_of_first_batch_after_last_step"], 0);
        }

        public void Weights()
        {
            var weights = Weights(_model);
            foreach (var (name, expected) in Of("after").Where(entry => !IsNoise(entry.Key))) _tally.Tensors("weights after the steps", expected, Stored(weights[Saved(name)]), ModelAdapters.Of(_model) is null ? 5e-6 : AdapterTolerance);
            foreach (var summary in _case["parameters_after_last_step"].EnumerateObject().Where(summary => !IsNoise(summary.Name)))
            {
                using var scope = NewDisposeScope();
                var (after, before) = (weights[Saved(summary.Name)].to(ScalarType.Float64), _before[Saved(summary.Name)].to(ScalarType.Float64));
                _tally.Number("lengths of the weights' changes", summary.Value.GetProperty("change_l2").GetDouble(), (after - before).norm().item<double>(), 1e-3, floor: 1e-3);
                _tally.Number("lengths of the weights", summary.Value.GetProperty("l2_after").GetDouble(), after.norm().item<double>(), 1e-6);
                // As many roundings as there are weights add up, in all directions.
                _tally.Number("sums of the weights", summary.Value.GetProperty("sum_after").GetDouble(), after.sum().item<double>(), 5e-6 * Math.Sqrt(after.numel()));
            }
        }

        /// <summary>Biases of keys have rounding noise for a gradient, which AdamW enlarges.</summary>
        private static bool IsNoise(string name) => name.EndsWith("key.bias", StringComparison.Ordinal);

        private static Tensor Stored(Tensor whole) => whole.numel() > WholeTensor ? whole.narrow(0, 0, 8) : whole;

        private IEnumerable<KeyValuePair<string, Tensor>> Of(string kind)
        {
            string prefix = $"{_case.Name}.{kind}.";
            return _tensors.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => KeyValuePair.Create(entry.Key[prefix.Length..], entry.Value));
        }

        private void Logits(string what, JsonElement expected, int batch)
        {
            using var withoutGradients = no_grad();
            using var scope = NewDisposeScope();
            _tally.Tensors(what, expected.ReadTensor(), _model.Forward(Input("input_ids", batch), Input("attention_mask", batch).to(ScalarType.Bool)), 2e-5);
        }

        private Tensor Input(string name, int batch) => _tensors[$"inputs.{name}.{batch}"];

        private TokenBatch Batch(int step)
        {
            var ids = Input("input_ids", step);
            return new TokenBatch((int)ids.size(0), (int)ids.size(1), [.. ids.data<long>()], [.. Input("labels", step).data<long>()], [.. Input("attention_mask", step).data<long>().Select(value => value != 0)]);
        }
    }

    private sealed class GivenBatches(TokenBatch[] batches) : IBatchSource
    {
        public int CountBatches(int epoch) => batches.Length;

        public IEnumerable<TokenBatch> Epoch(int epoch) => batches;
    }
}
