using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/optimizers: what belongs to a step beside the optimizer: clipping, averages of weights, masters of bfloat16 weights, the scale of the loss.</summary>
internal sealed partial class StepPartsReader : CaseReader
{
    public override bool Reads(string file) => file is "optimizers/clipping.json" or "optimizers/ema.json" or "optimizers/bf16_master.json" or "optimizers/grad_scaler.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        using var scope = NewDisposeScope();
        var problem = OptimizersReader.Problem(c.Folder, "p0");
        switch (Path.GetFileNameWithoutExtension(c.File))
        {
            case "clipping": VerifyClipping(c, problem, tally); break;
            case "ema": VerifyAverages(c, problem, tally); break;
            case "bf16_master": VerifyMasters(c, problem, tally); break;
            default: VerifyLossScale(c, problem, tally); break;
        }
    }

    [GeneratedRegex(@"^(?<kind>\w+)(?: (?<name>[a-z]\w*) (?<value>[\d.e-]+|true|false|\[[^]]*\]))*(?:, defaults else)?$")]
    private static partial Regex Described();

    [GeneratedRegex(@"\bSGD lr ([\d.e-]*\d)")]
    private static partial Regex Sgd();

    private static double Parse(string number) => double.Parse(number, CultureInfo.InvariantCulture);

    private static string[] Names(IReadOnlyDictionary<string, Tensor> problem) => [.. problem.Keys.Where(key => key.StartsWith("init.", StringComparison.Ordinal)).Select(key => key["init.".Length..])];

    private static void VerifyClipping(FixtureCase c, IReadOnlyDictionary<string, Tensor> problem, Tally tally)
    {
        var options = new OptionReader("clipping", c.Value);
        options.Ignore("total_norm", "p1_clipped", "total_norm_fp64", "p1_clipped_fp64", "p0_clipped_sum");
        var step = options.Whole("step")!.Value - 1;
        var (limit, value, power) = (options.Number("max_norm"), options.Number("clip_value"), options.Number("norm_type", 2));
        options.Finish();
        if (value is { } largest)
        {
            var (vector, matrix) = (problem["grad.p1"][step].clone(), problem["grad.p0"][step].clone());
            GradientClipping.ByValue(vector, largest);
            GradientClipping.ByValue(matrix, largest);
            tally.Tensors("clipped gradient", c["p1_clipped"].ReadTensor(), vector, 0);
            tally.Number("sum of a clipped gradient", c["p0_clipped_sum"].ToDouble(), matrix.to(ScalarType.Float64).sum().item<double>(), 1e-5);
            return;
        }
        foreach (var (type, ending, tolerance) in new[] { (ScalarType.Float32, "", 1e-5), (ScalarType.Float64, "_fp64", 1e-9) })
        {
            if (!c["total_norm" + ending].IsGiven()) continue;
            using var flat = cat([.. Names(problem).Select(name => problem[$"grad.{name}"][step].reshape(-1).to(type))]);
            var norm = FlatGradients.SumAndNorm(flat, [], power: power);
            tally.Number("total norm" + ending, c["total_norm" + ending].ToDouble(), norm, tolerance);
            var expected = type == ScalarType.Float32 ? c["p1_clipped"].ReadTensor() : tensor(c["p1_clipped_fp64"].ToDoubles());
            tally.Tensors("clipped gradient" + ending, expected, problem["grad.p1"][step].to(type) * GradientClipping.Coefficient(norm, limit), tolerance);
        }
    }

    private static void VerifyAverages(FixtureCase c, IReadOnlyDictionary<string, Tensor> problem, Tally tally)
    {
        var expected = SafeTensors.Read(Path.Combine(c.Folder, "ema.safetensors"));
        string[] known = [.. Enum.GetNames<WeightAverageKind>().Select(name => name.ToLowerInvariant())];
        var others = expected.Keys.Where(key => key.StartsWith("ema_", StringComparison.Ordinal) && !known.Contains(key.Split('_')[1])).ToList();
        if (others.Count > 0) throw new UnsupportedException($"there is no average {string.Join(", ", others)}");
        foreach (var kind in new[] { WeightAverageKind.Plain, WeightAverageKind.Warmup, WeightAverageKind.Debiased })
        {
            foreach (var decay in c["decays"].EnumerateArray())
            {
                using var module = new Holder(Names(problem).Select(name => (name, problem[$"init.{name}"])));
                using var parameters = FlatParameters.Adopt(module);
                using var average = new WeightAverage(parameters, new WeightAverageOptions { Decay = decay.GetDouble(), Kind = kind });
                for (int step = 0; step < expected["params.p0"].size(0); step++)
                {
                    foreach (var entry in parameters.Entries) FlatParameters.View(parameters.Weights, entry).copy_(expected[$"params.{entry.Name}"][step]);
                    average.Update();
                    average.SwapIn();
                    foreach (var entry in parameters.Entries)
                        tally.Tensors($"{kind} {decay.GetRawText()}", expected[$"ema_{kind.ToString().ToLowerInvariant()}_{decay.GetRawText()}.{entry.Name}"][step], FlatParameters.View(parameters.Weights, entry), 1e-5);
                    average.SwapOut();
                }
            }
        }
    }

    private static void VerifyMasters(FixtureCase c, IReadOnlyDictionary<string, Tensor> problem, Tally tally)
    {
        var described = Described().Match(c["optimizer"].GetString()!);
        if (!described.Success) throw new UnsupportedException($"there is no reader for {c["optimizer"]}");
        JsonObject given = new() { ["class"] = described.Groups["kind"].Value };
        foreach (var (name, value) in described.Groups["name"].Captures.Zip(described.Groups["value"].Captures)) given[name.Value] = JsonNode.Parse(value.Value);
        var options = OptimizerCase.Read(JsonSerializer.SerializeToElement(given)).Options;
        var expected = SafeTensors.Read(Path.Combine(c.Folder, "bf16_master.safetensors"));
        using var module = new Holder(Names(problem).Select(name => (name, problem[$"init.{name}"])));
        using var parameters = FlatParameters.Adopt(module, ScalarType.BFloat16);
        using var optimizer = options.Create(parameters);
        foreach (var (name, parameter) in module.named_parameters()) tally.Tensors("first copies", expected[$"start_bf16.{name}"], parameter, 0);
        for (int step = 0; step < expected["master.p0"].size(0); step++)
        {
            foreach (var entry in parameters.Entries) FlatParameters.View(parameters.Gradients, entry).copy_(expected[$"grad_bf16.{entry.Name}"][step]);
            FlatGradients.SumAndNorm(parameters.MasterGradients, [parameters.Gradients]);
            optimizer.Step(options.LearningRate);
            foreach (var (name, parameter) in module.named_parameters())
            {
                var entry = parameters.Entries.Single(entry => entry.Name == name);
                var master = FlatParameters.View(parameters.Masters, entry);
                tally.Tensors("masters", expected[$"master.{name}"][step], master, 1e-6);
                tally.Tensors("copies", master.to(ScalarType.BFloat16), parameter, 0);
                // A master on the edge between two copies may have fallen to the other side.
                var (copy, theirs) = (parameter.to(ScalarType.Float32), expected[$"bf16.{name}"][step]);
                tally.Tensors("copies, within a rounding", ones_like(theirs), where(copy.eq(theirs), ones_like(theirs), copy / theirs), 1.0 / 128);
            }
        }
    }

    private static void VerifyLossScale(FixtureCase c, IReadOnlyDictionary<string, Tensor> problem, Tally tally)
    {
        var described = Sgd().Match(c["problem"].GetString()!);
        if (!described.Success) throw new UnsupportedException($"there is no reader for {c["problem"]}");
        var rate = Parse(described.Groups[1].Value);
        foreach (var run in c.Value.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.Object && property.Value.TryGetProperty("steps", out _)))
        {
            var options = new OptionReader("a loss scale", run.Value.GetProperty("options"));
            var scale = new DynamicLossScale(new LossScaleOptions
            {
                InitialScale = options.Number("init_scale", 65536), GrowthFactor = options.Number("growth_factor", 2), BackoffFactor = options.Number("backoff_factor", 0.5), GrowthInterval = options.Whole("growth_interval") ?? 2000,
            });
            options.Finish();
            using var module = new Holder([("p1", problem["init.p1"])]);
            using var parameters = FlatParameters.Adopt(module);
            using var optimizer = new SgdOptions { LearningRate = rate }.Create(parameters);
            var gradients = problem["grad.p1"];
            foreach (var step in run.Value.GetProperty("steps").EnumerateArray())
            {
                var entry = parameters.Entries[0];
                tally.Number("scale used", step.GetProperty("scale_used").GetDouble(), scale.Scale, 0);
                using var view = FlatParameters.View(parameters.Gradients, entry);
                view.copy_(gradients[(step.GetProperty("step").GetInt64() - 1) % gradients.size(0)] * scale.Scale);
                if (!step.GetProperty("finite").GetBoolean()) view[2] = tensor(float.PositiveInfinity);
                var isFinite = double.IsFinite(FlatGradients.SumAndNorm([parameters.Gradients]));
                tally.Equal("stepped", step.GetProperty("stepped").GetBoolean(), isFinite);
                if (isFinite) optimizer.Step(rate, 1 / scale.Scale);
                scale.Update(isFinite);
                tally.Number("scale after", step.GetProperty("scale_after").GetDouble(), scale.Scale, 0);
                tally.Equal("tracker", step.GetProperty("growth_tracker_after").GetInt64(), scale.GrowthTracker);
                tally.Tensors("weights", step.GetProperty("p1_after").ReadTensor(), FlatParameters.View(parameters.Weights, entry), 1e-5);
            }
        }
    }
}
