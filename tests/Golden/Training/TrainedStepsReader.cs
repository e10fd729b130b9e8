using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/finetune: the trainer itself takes the recorded steps; losses, norms, rates, first gradients and last weights.</summary>
internal sealed class TrainedStepsReader : CaseReader
{
    private const double LossTolerance = 1e-5, NormTolerance = 2e-5, WeightTolerance = 2e-5;

    private static readonly string[] KnownOptions =
        ["learning_rate", "lr_scheduler_type", "warmup_steps", "weight_decay", "max_grad_norm", "max_steps", "adam_beta1", "adam_beta2", "adam_epsilon", "optim"];

    public override bool Reads(string file) => file.StartsWith("finetune/", StringComparison.Ordinal) && !file.StartsWith("finetune/packed", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        switch (c.Name)
        {
            case "accumulation":
                foreach (var run in c["runs"].EnumerateObject())
                {
                    var rows = run.Value.GetProperty("per_device_batch").GetInt32();
                    VerifySteps(c, tally, run.Value.GetProperty("steps"), rows, run.Value.GetProperty("accumulation").GetInt32());
                }
                break;
            case "gradual_unfreezing": VerifyUnfreezing(c, tally); break;
            default: VerifySteps(c, tally, c["steps"], null, 1); break;
        }
    }

    private static void VerifySteps(FixtureCase c, Tally tally, JsonElement steps, int? rows, int accumulation)
    {
        var options = Options(c["options"], steps.GetArrayLength()) with { AccumulatedBatches = accumulation };
        using var task = FineTuneTask.Load(c);
        var batches = task.Batches(rows);
        VerifyFirstGradients(c, tally, task, batches.Epoch(0).Take(accumulation), options.MaximumGradientNorm);

        Recorder recorder = new() { OnStep = step => VerifyMetrics(tally, task, batches, steps, step) };
        VerifyMetrics(tally, task, batches, steps, 0);
        new Trainer(task.Model, task.Objective, options, recorder).Train(batches);
        tally.Equal("steps", steps.GetArrayLength(), recorder.Steps.Count);
        foreach (var (expected, actual) in steps.EnumerateArray().Zip(recorder.Steps))
        {
            tally.Number("loss", expected.GetProperty("loss").GetDouble(), actual.Loss, LossTolerance);
            tally.Number("gradient norm", expected.GetProperty("grad_norm").GetDouble(), actual.GradientNorm, NormTolerance);
            tally.Number("learning rate", expected.GetProperty("learning_rate").GetDouble(), actual.LearningRate, 1e-12);
        }
        VerifyWeights(tally, "final weights", SafeTensors.Read(Path.Combine(c.Folder, task.Adapters is null ? "final.safetensors" : Path.Combine("final_adapter", PeftFolder.WeightsName))), task.Weights(), WeightTolerance);
        if (task.Adapters is { } adapters) VerifyAdapter(c, tally, (DecoderModel)task.Model, adapters);
        if (c["final_logits_of_batch01"].IsGiven()) tally.Tensors("final logits", c["final_logits_of_batch01"].ReadTensor(), task.Logits(batches.Epoch(0).First()), WeightTolerance, WeightTolerance);
    }

    /// <summary>What is recorded of a step beside its loss: metrics of its batch, before the step is taken.</summary>
    private static void VerifyMetrics(Tally tally, FineTuneTask task, IBatchSource batches, JsonElement steps, int step)
    {
        if (step >= steps.GetArrayLength() || !task.Objective.Metrics.Any(name => steps[step].TryGetProperty(name, out _))) return;
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        MetricSums sums = new();
        task.Objective.SummedLoss(task.Model, batches.Epoch(0).ElementAt(step), sums);
        foreach (var (name, value) in sums.Means())
        {
            if (steps[step].TryGetProperty(name, out var expected)) tally.Number(name, expected.GetDouble(), value, 2e-5);
        }
    }

    private static void VerifyAdapter(FixtureCase c, Tally tally, DecoderModel model, ModelAdapters adapters)
    {
        using var withoutGradients = no_grad();
        model.eval();
        var final = SafeTensors.Read(Path.Combine(c.Folder, "final_logits.safetensors"));
        var mask = final["attention_mask"].to(ScalarType.Bool);
        tally.Tensors("final logits", final["adapter"], model.Logits(model.Forward(final["input_ids"], mask)), 1e-4, mask: mask.unsqueeze(-1));
        adapters.Merge();
        tally.Tensors("merged logits", final["merged"], model.Logits(model.Forward(final["input_ids"], mask)), 1e-4, mask: mask.unsqueeze(-1));
        adapters.Unmerge();
    }

    /// <summary>Gradients after clipping, which the trainer does in passing: made here by the objective alone.</summary>
    private static void VerifyFirstGradients(FixtureCase c, Tally tally, FineTuneTask task, IEnumerable<TokenBatch> batches, double? maximum)
    {
        TokenBatch[] first = [.. batches];
        using var parameters = FlatParameters.Adopt(task.Model);
        task.Model.train();
        foreach (var batch in first)
        {
            using var scope = NewDisposeScope();
            task.Objective.SummedLoss(task.Model, batch).div(first.Sum(task.Objective.Weight)).backward();
        }
        var scale = GradientClipping.Coefficient(FlatGradients.SumAndNorm([parameters.Gradients]), maximum);
        Dictionary<string, Tensor> clipped = task.Gradients().ToDictionary(entry => entry.Key, entry => entry.Value * scale, StringComparer.Ordinal);
        VerifyWeights(tally, "first gradients", SafeTensors.Read(Path.Combine(c.Folder, "first_gradients.safetensors")), clipped, 1e-5);
        using var withoutGradients = no_grad();
        parameters.Gradients.zero_();
    }

    /// <summary>Groups of layers join epoch by epoch, each at a rate of its own.</summary>
    private static void VerifyUnfreezing(FixtureCase c, Tally tally)
    {
        using var task = FineTuneTask.Load(c);
        var groups = c["groups"];
        var optimizer = c["optimizer"];
        var epochs = c["epochs"];
        TrainingOptions options = new()
        {
            Epochs = epochs.GetArrayLength(), Schedule = new ConstantSchedule(), MaximumGradientNorm = c["clip_max_norm"].ToDouble(), Device = ComputeDevice.Cpu,
            Optimizer = new AdamWOptions
            {
                LearningRate = groups[0].GetProperty("learning_rate").GetDouble(), Decays = WeightDecayScope.All, Epsilon = optimizer.GetProperty("eps").GetDouble(),
                WeightDecay = optimizer.GetProperty("weight_decay").GetDouble(),
            },
            Freezing = new FreezingOptions { Unfreezing = new GradualUnfreezing(), RateDecay = groups[1].GetProperty("learning_rate").GetDouble() / groups[0].GetProperty("learning_rate").GetDouble() },
        };
        var moved = SafeTensors.Read(Path.Combine(c.Folder, "weights.safetensors"));
        Recorder recorder = new()
        {
            OnEpoch = epoch =>
            {
                var prefix = $"epoch{epoch + 1}.";
                VerifyWeights(tally, "weights", moved.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value, StringComparer.Ordinal), task.Weights(), WeightTolerance);
            },
        };
        new Trainer(task.Model, task.Objective, options, recorder).Train(task.Batches(null));
        double[] losses = [.. epochs.EnumerateArray().SelectMany(epoch => epoch.GetProperty("losses").EnumerateArray()).Select(value => value.GetDouble())];
        double[] norms = [.. epochs.EnumerateArray().SelectMany(epoch => epoch.GetProperty("grad_norms").EnumerateArray()).Select(value => value.GetDouble())];
        tally.Numbers("losses", losses, [.. recorder.Steps.Select(step => step.Loss)], LossTolerance);
        tally.Numbers("gradient norms", norms, [.. recorder.Steps.Select(step => step.GradientNorm)], NormTolerance);
    }

    private static void VerifyWeights(Tally tally, string what, IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual, double tolerance)
    {
        foreach (var (recorded, tensor) in expected)
        {
            // The reference's modules hold the adapter's name.
            var name = recorded.Replace(".default.", ".", StringComparison.Ordinal);
            // A tied head is stored once by us.
            if (!actual.TryGetValue(name, out var mine))
            {
                if (!name.Contains("lm_head", StringComparison.Ordinal) && !name.Contains("embed_tokens", StringComparison.Ordinal)) tally.Equal(what, name, "no such weight");
                continue;
            }
            tally.Tensors(what, tensor, mine, tolerance);
        }
    }

    private static TrainingOptions Options(JsonElement options, int steps)
    {
        var unknown = options.EnumerateObject().Select(option => option.Name).Where(name => !KnownOptions.Contains(name)).ToList();
        if (unknown.Count > 0) throw new UnsupportedException($"training has no option {string.Join(", ", unknown)}");
        var clip = Number("max_grad_norm", 1);
        return new TrainingOptions
        {
            Epochs = null, MaximumSteps = steps, MaximumGradientNorm = clip == 0 ? null : clip, Device = ComputeDevice.Cpu,
            Schedule = Schedule(options.TryGetProperty("lr_scheduler_type", out var kind) ? kind.GetString()! : "linear") with { WarmupSteps = (long)Number("warmup_steps", 0), EndStep = (long)Number("max_steps", steps) },
            Optimizer = Optimizer(options.TryGetProperty("optim", out var optimizer) ? optimizer.GetString()! : "adamw_torch"),
        };

        double Number(string name, double otherwise) => options.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;

        static LearningRateSchedule Schedule(string name) => name switch
        {
            "linear" => new LinearSchedule(),
            "cosine" => new CosineSchedule(),
            "constant" or "constant_with_warmup" => new ConstantSchedule(),
            _ => throw new UnsupportedException($"there is no schedule {name}"),
        };

        OptimizerOptions Optimizer(string name) => name switch
        {
            "adamw_torch" or "adamw_torch_fused" => new AdamWOptions
            {
                LearningRate = Number("learning_rate", 5e-5), WeightDecay = Number("weight_decay", 0), Decays = WeightDecayScope.AllButBiasesAndNorms,
                Beta1 = Number("adam_beta1", 0.9), Beta2 = Number("adam_beta2", 0.999), Epsilon = Number("adam_epsilon", 1e-8),
            },
            "adafactor" => new AdafactorOptions
            {
                LearningRate = Number("learning_rate", 5e-5), ScaleParameter = false, RelativeStep = false, WeightDecay = Number("weight_decay", 0), Decays = WeightDecayScope.AllButBiasesAndNorms,
            },
            _ => throw new UnsupportedException($"there is no optimizer {name}"),
        };
    }

    private sealed class Recorder : ITrainingObserver
    {
        public List<TrainingStep> Steps { get; } = [];

        public Action<int>? OnEpoch { get; init; }

        public Action<int>? OnStep { get; init; }

        public void Stepped(TrainingStep step)
        {
            Steps.Add(step);
            OnStep?.Invoke((int)step.Step);
        }

        public void EpochEnded(TrainingEpoch epoch) => OnEpoch?.Invoke(epoch.Epoch);
    }
}
