using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/optimizers: twelve steps of AdamW on three parameters; clipping.</summary>
internal sealed class OptimizersReader : CaseReader
{
    private static readonly string[] Names = ["p0", "p1", "p2"];

    // What AdamW can be told.
    private static readonly string[] Known = ["class", "lr", "betas", "eps", "weight_decay", "clip_max_norm", "learning_rates"];

    public override bool Reads(string file) => file.StartsWith("optimizers/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "optimizers/clipping.json") VerifyClipping(c, tally);
        else VerifySteps(c, tally);
    }

    private static void VerifySteps(FixtureCase c, Tally tally)
    {
        var options = c["options"];
        var type = options.ValueKind == JsonValueKind.Object && options.TryGetProperty("class", out var text) ? text.GetString()! : c.Name;
        var decays = options.ValueKind == JsonValueKind.Object && options.TryGetProperty("weight_decay", out var decay) && decay.GetDouble() != 0;
        // Adam without decay is AdamW without decay.
        var isAdamW = type.EndsWith(".AdamW", StringComparison.Ordinal) || (type.EndsWith(".Adam", StringComparison.Ordinal) && !decays);
        if (!isAdamW) throw new UnsupportedException($"there is no optimizer {type}");
        var unknown = options.EnumerateObject().Select(option => option.Name).Where(name => !Known.Contains(name)).ToList();
        if (unknown.Count > 0) throw new UnsupportedException($"AdamW has no option {string.Join(", ", unknown)}");
        Run(c, tally, ".safetensors", "float32", ScalarType.Float32, 1e-5);
        Run(c, tally, ".fp64.safetensors", "float64", ScalarType.Float64, 1e-9);
    }

    private static void Run(FixtureCase c, Tally tally, string ending, string what, ScalarType type, double tolerance)
    {
        var options = c["options"];
        double Option(string name, double otherwise) => options.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;
        var (beta1, beta2) = options.TryGetProperty("betas", out var betas) ? (betas[0].GetDouble(), betas[1].GetDouble()) : (0.9, 0.999);
        var problem = SafeTensors.Read(Path.Combine(c.Folder, "problem.safetensors"));
        var expected = SafeTensors.Read(Path.Combine(c.Folder, Path.GetFileNameWithoutExtension(c.File) + ending));
        using var module = new Holder(Names.Select(name => (name, problem[$"init.{name}"].to(type))));
        using var parameters = FlatParameters.Adopt(module);
        using var optimizer = new AdamWOptions
        {
            // Every parameter decays here, vectors too.
            LearningRate = Option("lr", 1e-3), Beta1 = beta1, Beta2 = beta2, Epsilon = Option("eps", 1e-8), WeightDecay = Option("weight_decay", DefaultDecay(options)), Decays = WeightDecayScope.All,
        }.Create(parameters);
        var steps = problem["grad.p0"].size(0);
        for (long step = 0; step < steps; step++)
        {
            foreach (var entry in parameters.Entries)
            {
                using var view = FlatParameters.View(parameters.Gradients, entry);
                view.copy_(problem[$"grad.{entry.Name}"][step]);
            }
            var scale = options.TryGetProperty("clip_max_norm", out var limit) ? GradientClipping.Coefficient(FlatGradients.SumAndNorm([parameters.Gradients]), limit.GetDouble()) : 1;
            var rate = options.TryGetProperty("learning_rates", out var rates) ? rates[(int)step].GetDouble() : Option("lr", 1e-3);
            optimizer.Step(rate, scale);
            foreach (var entry in parameters.Entries)
            {
                using var view = FlatParameters.View(parameters.Weights, entry);
                tally.Tensors($"{what} weights", expected[entry.Name][step], view, tolerance);
            }
        }
        foreach (var entry in parameters.Entries)
        {
            tally.Tensors($"{what} first moments", expected[$"state.{entry.Name}.exp_avg"], FlatParameters.View(optimizer.State["exp_avg"], entry), tolerance, tolerance);
            tally.Tensors($"{what} second moments", expected[$"state.{entry.Name}.exp_avg_sq"], FlatParameters.View(optimizer.State["exp_avg_sq"], entry), tolerance, tolerance);
        }
    }

    /// <summary>torch's default: AdamW decays by 0.01, Adam by nothing.</summary>
    private static double DefaultDecay(JsonElement options) => options.GetProperty("class").GetString()!.EndsWith(".AdamW", StringComparison.Ordinal) ? 0.01 : 0;

    private static void VerifyClipping(FixtureCase c, Tally tally)
    {
        if (!c["norm_type"].IsGiven() || c["norm_type"].ToDouble() != 2) throw new UnsupportedException("gradients are clipped by their Euclidean norm only");
        var problem = SafeTensors.Read(Path.Combine(c.Folder, "problem.safetensors"));
        var step = c["step"].GetInt64() - 1;
        using var flat = cat([.. Names.Select(name => problem[$"grad.{name}"][step].reshape(-1))]);
        var norm = FlatGradients.SumAndNorm([flat]);
        tally.Number("total norm", c["total_norm"].ToDouble(), norm, 1e-5);
        var clipped = problem["grad.p1"][step] * GradientClipping.Coefficient(norm, c["max_norm"].ToDouble());
        tally.Tensors("clipped gradient", c["p1_clipped"].ReadTensor(), clipped, 1e-5);
    }

    /// <summary>A module that is nothing but parameters.</summary>
    private sealed class Holder : nn.Module
    {
        public Holder(IEnumerable<(string Name, Tensor Value)> values) : base(nameof(Holder))
        {
            foreach (var (name, value) in values) register_parameter(name, new Parameter(value.clone()));
        }
    }
}
