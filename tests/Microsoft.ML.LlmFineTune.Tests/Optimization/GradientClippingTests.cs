using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class GradientClippingTests
{
    public GradientClippingTests() => NativeRuntime.Initialize();

    [Fact]
    public void Equals_the_fixture()
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> problem = SafeTensors.Read("Fixtures/training/optimizers/problem.safetensors");
        JsonArray cases = JsonNode.Parse(File.ReadAllText("Fixtures/training/clipping.json"))!["by_norm"]!.AsArray();
        Assert.NotEmpty(cases);
        foreach (JsonNode? entry in cases)
        {
            int step = (int)entry!["step"]! - 1;
            Tensor flat = cat([.. new[] { "p0", "p1", "p2" }.Select(name => problem[$"grad.{name}"][step].reshape(-1))]);
            double norm = FlatGradients.SumAndNorm([flat]), expected = (double)entry["total_norm_fp64"]!;
            Assert.Equal(expected, norm, 1e-6 * Math.Max(1, expected));
            Tensor clipped = problem["grad.p1"][step] * GradientClipping.Coefficient(norm, (double)entry["max_norm"]!);
            Numbers.Close(tensor(entry["p1_clipped"]!.AsArray().Select(value => (float)value!).ToArray()), clipped, 1e-6);
        }
    }

    [Fact]
    public void No_limit_clips_nothing_and_a_limit_is_positive()
    {
        Assert.Equal(1, GradientClipping.Coefficient(1e9, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientClipping.Coefficient(1, 0));
    }

    [Fact]
    public void Values_are_cut_to_a_magnitude()
    {
        using var scope = NewDisposeScope();
        Tensor gradients = tensor(new[] { -3f, -0.5f, 0, 2 });
        GradientClipping.ByValue(gradients, 1);
        Assert.Equal([-1f, -0.5f, 0, 1], gradients.data<float>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientClipping.ByValue(gradients, 0));
    }
}
