using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/optimizers: twelve steps of an optimizer on a few parameters, what it remembers after them; one orthogonalisation.</summary>
internal sealed class OptimizersReader : CaseReader
{
    // What computes with an iteration in bfloat16 is that far from what does not.
    private const double HalfPrecision = 1e-2;

    public override bool Reads(string file) => file.StartsWith("optimizers/", StringComparison.Ordinal) && Path.GetFileNameWithoutExtension(file) is not ("clipping" or "ema" or "bf16_master" or "grad_scaler");

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        var what = OptimizerCase.Read(c["options"]);
        var stem = Path.Combine(c.Folder, Path.GetFileNameWithoutExtension(c.File));
        Run(c, what, tally, stem + ".safetensors", "float32", ScalarType.Float32, 1e-5);
        if (c["final_sum"].IsGiven())
        {
            var isWide = File.Exists(stem + ".fp64.safetensors");
            var last = SafeTensors.Read(isWide ? stem + ".fp64.safetensors" : stem + ".safetensors");
            foreach (var sum in c["final_sum"].EnumerateObject()) tally.Number("sums in the end", sum.Value.ToDouble(), last[sum.Name][^1].to(ScalarType.Float64).sum().item<double>(), isWide ? 1e-9 : 1e-4);
        }
        if (File.Exists(stem + ".fp64.safetensors")) Run(c, what, tally, stem + ".fp64.safetensors", "float64", ScalarType.Float64, 1e-9);
        if (File.Exists(stem + "_torch_bf16.safetensors")) Run(c, what, tally, stem + "_torch_bf16.safetensors", "float32 and torch's bfloat16", ScalarType.Float32, HalfPrecision);
        if (what.Options is MuonOptions { LeftOut: [] } muon) VerifyOrthogonal(c, muon, tally);
    }

    private static void Run(FixtureCase c, OptimizerCase what, Tally tally, string file, string type, ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        var expected = SafeTensors.Read(file);
        string[] names = c["params"].IsGiven() ? c["params"].ToTexts() : [.. expected.Keys.Where(key => !key.StartsWith("state.", StringComparison.Ordinal))];
        var problem = Problem(c.Folder, names[0]);
        using var module = new Holder(names.Select(name => (name, problem[$"init.{name}"].to(dtype))));
        using var parameters = FlatParameters.Adopt(module);
        using var optimizer = what.Options.Create(parameters, what.Groups);
        Dictionary<string, Tensor> before = [];
        var steps = (int)expected[names[0]].size(0);
        if (c["steps"].IsGiven()) tally.Equal("steps", c["steps"].GetInt32(), steps);
        for (int step = 0; step < steps; step++)
        {
            foreach (var entry in parameters.Entries)
            {
                before[entry.Name] = FlatParameters.View(parameters.Weights, entry).clone();
                FlatParameters.View(parameters.Gradients, entry).copy_(what.Maximizes ? -problem[$"grad.{entry.Name}"][step] : problem[$"grad.{entry.Name}"][step]);
            }
            if (what.ClipValue is { } value) GradientClipping.ByValue(parameters.Gradients, value);
            var scale = what.ClipNorm is { } limit ? GradientClipping.Coefficient(FlatGradients.SumAndNorm(parameters.Gradients, [], power: what.NormPower), limit) : 1;
            optimizer.Step(what.Rates?[step] ?? what.Options.LearningRate, scale);
            foreach (var entry in parameters.Entries) tally.Tensors($"{type} weights", expected[entry.Name][step], FlatParameters.View(parameters.Weights, entry), tolerance);
        }
        foreach (var (key, value) in expected.Where(pair => pair.Key.StartsWith("state.", StringComparison.Ordinal)))
        {
            var (name, state) = (key.Split('.')[1], key[(key.IndexOf('.', 6) + 1)..]);
            var actual = StateOf(optimizer, state, name) ?? (state == "RMS" ? before[name].square().mean().sqrt() : throw new InvalidOperationException($"the optimizer remembers no {state} of {name}"));
            // Only the orthogonal step is in bfloat16; and a state may be far below 1, where an absolute tolerance would forgive it anything.
            // torch keeps NAdam's product in float32 whatever the parameter is.
            var (allowed, size) = (state == "mu_product" ? 1e-5 : Math.Min(tolerance, 1e-5), value.to(ScalarType.Float64).abs().max().item<double>());
            tally.Tensors($"{type} {state}", value, actual, allowed * Math.Min(1, size), allowed);
        }
    }

    /// <summary>What an optimizer remembers under torch's name.</summary>
    private static Tensor? StateOf(FlatOptimizer optimizer, string state, string parameter)
    {
        var group = optimizer.Groups.ToList().FindIndex(group => group.Parameters.Contains(parameter));
        return state switch
        {
            "step" => tensor((double)optimizer.Counters[FlatOptimizer.GroupSteps][group]),
            "mu_product" => optimizer.State[state][group],
            _ => optimizer.StateOf(state, parameter),
        };
    }

    private static void VerifyOrthogonal(FixtureCase c, MuonOptions options, Tally tally)
    {
        var file = Path.Combine(c.Folder, "newton_schulz.safetensors");
        MuonOptions usual = new();
        if (!File.Exists(file) || (options.Iterations, options.Coefficients, options.Epsilon) != (usual.Iterations, usual.Coefficients, usual.Epsilon)) return;
        using var scope = NewDisposeScope();
        var tensors = SafeTensors.Read(file);
        foreach (var (key, input) in tensors.Where(pair => pair.Key.StartsWith("in.", StringComparison.Ordinal)))
        {
            var actual = NewtonSchulz.Orthogonal(input, options.Iterations, options.Coefficients, options.Epsilon);
            tally.Tensors("orthogonal", tensors["out." + key[3..]], actual, 1e-5);
            if (tensors.TryGetValue("torch_bf16." + key[3..], out var half)) tally.Tensors("orthogonal, torch's bfloat16", half, actual, 3e-2);
        }
    }

    /// <summary>The file whose parameters a case has.</summary>
    internal static IReadOnlyDictionary<string, Tensor> Problem(string folder, string parameter)
    {
        foreach (var file in new[] { "problem.safetensors", "muon_problem.safetensors" })
            if (File.Exists(Path.Combine(folder, file)) && SafeTensors.Read(Path.Combine(folder, file)) is { } problem && problem.ContainsKey($"init.{parameter}")) return problem;
        throw new UnsupportedException($"there is no problem with a parameter {parameter}");
    }
}
