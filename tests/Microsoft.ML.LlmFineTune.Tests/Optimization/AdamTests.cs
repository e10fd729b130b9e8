using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class AdamTests
{
    private const string Folder = "Fixtures/training/optimizers";

    public AdamTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData("adamw", ScalarType.Float32, 1e-6)]
    [InlineData("adamw", ScalarType.Float64, 1e-12)]
    [InlineData("adamw_eps", ScalarType.Float32, 1e-6)]
    [InlineData("adamw_no_decay", ScalarType.Float32, 1e-6)]
    [InlineData("adamw_schedule", ScalarType.Float32, 1e-6)]
    [InlineData("adamw_schedule", ScalarType.Float64, 1e-12)]
    [InlineData("adamw_clip_norm", ScalarType.Float32, 2e-6)]
    [InlineData("adamw_clip_norm", ScalarType.Float64, 1e-9)]
    public void Takes_the_steps_of_the_fixture(string name, ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        JsonNode options = JsonNode.Parse(File.ReadAllText($"{Folder}/{name}.json"))!["options"]!;
        double[]? rates = options["learning_rates"]?.AsArray().Select(rate => (double)rate!).ToArray();
        IReadOnlyDictionary<string, Tensor> problem = SafeTensors.Read($"{Folder}/problem.safetensors");
        IReadOnlyDictionary<string, Tensor> expected = SafeTensors.Read($"{Folder}/{name}{(dtype == ScalarType.Float64 ? ".fp64" : "")}.safetensors");

        using Three model = new([.. Three.Names.Select(parameter => problem[$"init.{parameter}"].to(dtype))]);
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = new AdamWOptions
        {
            LearningRate = (double?)options["lr"] ?? 1e-3,
            WeightDecay = (double?)options["weight_decay"] ?? 0.01,
            Beta2 = (double?)options["betas"]?[1] ?? 0.999,
            Epsilon = (double?)options["eps"] ?? 1e-8,
            Decays = WeightDecayScope.All,
        }.Create(flat);
        for (int step = 0; step < 12; step++)
        {
            using (no_grad())
            {
                foreach (FlatParameter entry in flat.Entries) FlatParameters.View(flat.Gradients, entry).copy_(problem[$"grad.{entry.Name}"][step]);
            }
            double scale = GradientClipping.Coefficient(FlatGradients.SumAndNorm([flat.Gradients]), (double?)options["clip_max_norm"]);
            optimizer.Step(rates?[step] ?? (double?)options["lr"] ?? 1e-3, scale);
            foreach ((string parameter, Parameter value) in model.named_parameters()) Numbers.Close(expected[parameter][step], value, tolerance);
        }
        foreach (FlatParameter entry in flat.Entries)
        {
            Numbers.Close(expected[$"state.{entry.Name}.exp_avg"], FlatParameters.View(optimizer.State["exp_avg"], entry), tolerance);
            Numbers.Close(expected[$"state.{entry.Name}.exp_avg_sq"], FlatParameters.View(optimizer.State["exp_avg_sq"], entry), tolerance);
        }
    }

    [Fact]
    public void Vectors_decay_only_when_asked()
    {
        using var scope = NewDisposeScope();
        foreach (bool decay in new[] { false, true })
        {
            using Three model = new([ones(2, 2), ones(3), ones(2, 2)]);
            using FlatParameters flat = FlatParameters.Adopt(model);
            using FlatOptimizer optimizer = new AdamWOptions { WeightDecay = 0.5, Decays = decay ? WeightDecayScope.All : WeightDecayScope.Matrices }.Create(flat);
            optimizer.Step(0.1);
            Dictionary<string, float> means = model.named_parameters().ToDictionary(named => named.name, named => named.parameter.mean().item<float>());
            Assert.Equal(0.95f, means["p0"], 1e-6f);
            Assert.Equal(decay ? 0.95f : 1, means["p1"], 1e-6f);
        }
    }

    private sealed class Three : nn.Module
    {
        public static readonly string[] Names = ["p0", "p1", "p2"];
        private readonly Parameter p0, p1, p2;

        public Three(Tensor[] values) : base(nameof(Three))
        {
            p0 = new Parameter(values[0].clone());
            p1 = new Parameter(values[1].clone());
            p2 = new Parameter(values[2].clone());
            foreach (Parameter parameter in new[] { p0, p1, p2 }) parameter.DetachFromDisposeScope();
            RegisterComponents();
        }
    }
}
