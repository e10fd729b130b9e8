using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

/// <summary>Weights of 16 bits with masters in 32.</summary>
public sealed class MasterWeightsTests
{
    public MasterWeightsTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Conversion_keeps_the_exact_values_as_masters(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        using FlatParameters flat = FlatParameters.Adopt(model, type);
        Assert.True(flat.HasMasters);
        Assert.Equal((type, type, ScalarType.Float32, ScalarType.Float32), (flat.Weights.dtype, flat.Gradients.dtype, flat.Masters.dtype, flat.MasterGradients.dtype));
        Assert.All(model.parameters(), parameter => Assert.Equal(type, parameter.dtype));
        Assert.Equal(before.Order(), flat.Entries.SelectMany(entry => FlatParameters.View(flat.Masters, entry).contiguous().data<float>().ToArray()).Order());
        Numbers.Close(flat.Masters.to(type), flat.Weights, 0);
        using (no_grad()) flat.Masters.mul_(3);
        flat.PublishMasters();
        Numbers.Close(flat.Masters.to(type), flat.Weights, 0);
    }

    [Fact]
    public void Small_steps_are_not_lost()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(initialization: new RandomStream(1));
        using FlatParameters flat = FlatParameters.Adopt(model, ScalarType.BFloat16);
        using FlatOptimizer optimizer = new SgdOptions().Create(flat);
        using (no_grad()) flat.Masters.fill_(1);
        flat.PublishMasters();
        for (int step = 0; step < 100; step++)
        {
            using (no_grad()) flat.Gradients.fill_(1);
            FlatGradients.SumAndNorm(flat.MasterGradients, [flat.Gradients]);
            // A thousandth is less than half of the distance between neighbours near 1.
            optimizer.Step(1e-3);
            Assert.Equal(0, flat.MasterGradients.abs().sum().item<float>());
            Assert.Equal(0, flat.Gradients.abs().sum().to(ScalarType.Float32).item<float>());
        }
        Assert.Equal(0.9f, flat.Weights[0].to(ScalarType.Float32).item<float>(), 0.004f);
    }

    [Fact]
    public void Gradients_of_replicas_are_summed_in_32_bits()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(initialization: new RandomStream(1));
        using FlatParameters flat = FlatParameters.Adopt(model, ScalarType.BFloat16);
        using ToyModel replica = new();
        TorchSharp.ModuleExtensionMethods.to(replica, ScalarType.BFloat16);
        using FlatParameters other = flat.ShareWith(replica);
        Assert.Same(flat.Masters, other.Masters);
        using (no_grad())
        {
            flat.Gradients.fill_(1);
            other.Gradients.fill_(1.0 / 1024);
        }
        double norm = FlatGradients.SumAndNorm(flat.MasterGradients, [flat.Gradients, other.Gradients]);
        Assert.Equal(1 + (1.0 / 1024), flat.MasterGradients[0].item<float>());
        Assert.Equal(Math.Sqrt(flat.MasterGradients.numel()) * (1 + (1.0 / 1024)), norm, 1e-4);
        // A second batch is added to what is there.
        using (no_grad()) flat.Gradients.fill_(1);
        FlatGradients.SumAndNorm(flat.MasterGradients, [flat.Gradients, other.Gradients]);
        Assert.Equal(2 + (1.0 / 1024), flat.MasterGradients[0].item<float>());
    }
}
