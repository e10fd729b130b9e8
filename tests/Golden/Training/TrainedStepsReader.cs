using System.Text.Json;
using System.Text.Json.Nodes;
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

    public override bool Reads(string file) => file.StartsWith("finetune/", StringComparison.Ordinal) && !file.StartsWith("finetune/packed", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        if (c["epochs"].IsGiven()) VerifyUnfreezing(c, tally);
        else if (!c["runs"].IsGiven()) VerifySteps(c, tally, c["steps"], null, 1);
        else
        {
            foreach (var run in c["runs"].EnumerateObject())
            {
                var rows = run.Value.GetProperty("per_device_batch").GetInt32();
                VerifySteps(c, tally, run.Value.GetProperty("steps"), rows, run.Value.GetProperty("accumulation").GetInt32());
            }
            if (c["step1_micro_batches_of_2"].IsGiven()) VerifyMicroBatches(c, tally, c["step1_micro_batches_of_2"], 2);
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
        if (c["fp64_replay"].IsGiven())
        {
            tally.Numbers("losses in double", c["fp64_replay"].GetProperty("losses").ToDoubles(), [.. recorder.Steps.Select(step => step.Loss)], LossTolerance);
            tally.Numbers("gradient norms in double", c["fp64_replay"].GetProperty("grad_norms").ToDoubles(), [.. recorder.Steps.Select(step => step.GradientNorm)], NormTolerance);
        }
        VerifyWeights(tally, "final weights", SafeTensors.Read(Path.Combine(c.Folder, task.Adapters is null ? "final.safetensors" : Path.Combine("final_adapter", PeftFolder.WeightsName))), task.Weights(), WeightTolerance);
        if (task.Adapters is { } adapters && File.Exists(Path.Combine(c.Folder, "final_logits.safetensors"))) VerifyAdapter(c, tally, task, adapters);
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

    /// <summary>The rule of the whole step, and what a mean of means would give.</summary>
    private static void VerifyMicroBatches(FixtureCase c, Tally tally, JsonElement expected, int rows)
    {
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        using var task = FineTuneTask.Load(c);
        TokenBatch[] parts = [.. task.Batches(rows).Epoch(0).Take(expected.GetProperty("means").GetArrayLength())];
        double[] sums = [.. parts.Select(part => (double)task.Objective.SummedLoss(task.Model, part).item<float>())];
        double[] counts = [.. parts.Select(task.Objective.Weight)];
        tally.Numbers("counted labels", expected.GetProperty("counted_labels").ToDoubles(), counts, 0);
        tally.Numbers("means of micro-batches", expected.GetProperty("means").ToDoubles(), [.. sums.Zip(counts, (sum, count) => sum / count)], LossTolerance);
        tally.Number("loss of the step", expected.GetProperty("correct_loss").GetDouble(), sums.Sum() / counts.Sum(), LossTolerance);
        tally.Number("mean of means", expected.GetProperty("naive_mean_of_means").GetDouble(), sums.Zip(counts, (sum, count) => sum / count).Average(), LossTolerance);
    }

    private static void VerifyAdapter(FixtureCase c, Tally tally, FineTuneTask task, ModelAdapters adapters)
    {
        var final = SafeTensors.Read(Path.Combine(c.Folder, "final_logits.safetensors"));
        var mask = final["attention_mask"].to(ScalarType.Bool);
        var places = final["adapter"].dim() == 3 ? mask.unsqueeze(-1) : null;
        tally.Tensors("final logits", final["adapter"], task.Logits(final["input_ids"], mask), 1e-4, mask: places);
        adapters.Merge();
        tally.Tensors("merged logits", final["merged"], task.Logits(final["input_ids"], mask), 1e-4, mask: places);
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
            var name = recorded.Replace(".modules_to_save.default.", ".", StringComparison.Ordinal).Replace(".default.", ".", StringComparison.Ordinal);
            if (actual.TryGetValue(name, out var mine)) tally.Tensors(what, tensor, mine, tolerance);
            // A tied tensor is stored once by us: what is recorded under another name is the same.
            else if (expected.FirstOrDefault(other => other.Key != recorded && actual.ContainsKey(other.Key) && other.Value.shape.SequenceEqual(tensor.shape) && Tied(name) && Tied(other.Key)).Value is { } twin) tally.Tensors(what, tensor, twin, 0);
            else tally.Equal(what, name, "no such weight");
        }
    }

    private static bool Tied(string name) => name.Contains("lm_head", StringComparison.Ordinal) || name.Contains("embed", StringComparison.Ordinal) || name.Contains("shared", StringComparison.Ordinal) || name.Contains("wte", StringComparison.Ordinal);

    private static TrainingOptions Options(JsonElement options, int steps)
    {
        OptionReader given = new("training", options);
        given.Ignore("label_smoothing_factor", "seed", "per_device_train_batch_size", "gradient_accumulation_steps");
        var clip = given.Number("max_grad_norm", 1);
        var total = given.Whole("max_steps") ?? steps;
        var schedule = Schedule(given.Text("lr_scheduler_type", "linear"), given.Find("lr_scheduler_kwargs"), given.Number("learning_rate", 5e-5));
        TrainingOptions made = new()
        {
            Epochs = null, MaximumSteps = steps, MaximumGradientNorm = clip == 0 ? null : clip, Device = ComputeDevice.Cpu, Optimizer = Optimizer(given),
            Schedule = schedule.HasOwnRise ? schedule with { EndStep = total } : schedule with { WarmupSteps = Warmup(given, total), EndStep = total },
        };
        given.Finish();
        return made;
    }

    /// <summary>A number below 1 is a part of all steps.</summary>
    private static long Warmup(OptionReader options, long total)
    {
        var steps = options.Number("warmup_steps", 0);
        var part = options.Number("warmup_ratio", 0);
        return steps >= 1 ? (long)steps : (long)Math.Ceiling(total * (steps > 0 ? steps : part));
    }

    private static LearningRateSchedule Schedule(string name, JsonElement more, double peak)
    {
        OptionReader options = new(name, more);
        var schedule = SchedulesReader.Schedule(name switch
        {
            "constant" => "get_constant_schedule",
            "constant_with_warmup" => "get_constant_schedule_with_warmup",
            "linear" => "get_linear_schedule_with_warmup",
            "cosine" => "get_cosine_schedule_with_warmup",
            "cosine_with_restarts" => "get_cosine_with_hard_restarts_schedule_with_warmup",
            "cosine_with_min_lr" => "get_cosine_with_min_lr_schedule_with_warmup",
            "cosine_warmup_with_min_lr" => "get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
            "polynomial" => "get_polynomial_decay_schedule_with_warmup",
            "inverse_sqrt" => "get_inverse_sqrt_schedule",
            "warmup_stable_decay" => "get_wsd_schedule",
            _ => throw new UnsupportedException($"there is no schedule {name}"),
        }, null, options, peak);
        options.Finish();
        return schedule;
    }

    private static OptimizerOptions Optimizer(OptionReader given)
    {
        // A text of the form "momentum=0.9,nesterov=true".
        JsonObject more = [];
        foreach (var argument in given.Text("optim_args").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            more[argument.Split('=')[0].Trim()] = JsonNode.Parse(argument.Split('=')[1].Trim().ToLowerInvariant());
        more["lr"] = given.Number("learning_rate", 5e-5);
        more["weight_decay"] = given.Number("weight_decay", 0);
        var (beta1, beta2, epsilon) = (given.Number("adam_beta1", 0.9), given.Number("adam_beta2", 0.999), given.Number("adam_epsilon", 1e-8));
        var name = given.Text("optim", "adamw_torch");
        switch (name)
        {
            case "adamw_torch" or "adamw_torch_fused": (more["class"], more["betas"], more["eps"]) = ("torch.optim.AdamW", new JsonArray(beta1, beta2), epsilon); break;
            case "adafactor": (more["class"], more["scale_parameter"], more["relative_step"]) = ("transformers.optimization.Adafactor", false, false); break;
            case "sgd": more["class"] = "torch.optim.SGD"; break;
            case "adagrad": more["class"] = "torch.optim.Adagrad"; break;
            case "rmsprop": more["class"] = "torch.optim.RMSprop"; break;
            case "lion" or "lion_32bit": (more["class"], more["betas"]) = ("Lion", new JsonArray(beta1, beta2)); break;
            default: throw new UnsupportedException($"there is no optimizer {name}");
        }
        return OptimizerCase.Read(JsonSerializer.SerializeToElement(more)).Options with { Decays = WeightDecayScope.AllButBiasesAndNorms };
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
