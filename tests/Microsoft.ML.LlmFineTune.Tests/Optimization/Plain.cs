using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

/// <summary>A module that is nothing but parameters, under the given names (which may not have dots).</summary>
internal sealed class Plain : nn.Module
{
    public Plain(params (string Name, Tensor Value)[] values) : base(nameof(Plain))
    {
        foreach ((string name, Tensor value) in values)
        {
            Parameter parameter = new(value.clone());
            parameter.DetachFromDisposeScope();
            register_parameter(name, parameter);
        }
    }

    /// <summary>Two matrices, a vector, a table with a third dimension and a bias, some larger than a piece of a kernel.</summary>
    public static Plain Random(ScalarType type = ScalarType.Float32, long large = 64) => new(
        ("wide", Numbers.Normal(1, 16, large).to(type)), ("square", Numbers.Normal(2, 32, 32).to(type)), ("vector", Numbers.Normal(3, 48).to(type)), ("cube", Numbers.Normal(4, 2, 4, 16).to(type)), ("bias", Numbers.Normal(5, 16).to(type)));

    /// <summary>Fills the gradients with the numbers of a seed; elements between parameters stay 0.</summary>
    public static void FillGradients(FlatParameters parameters, ulong seed)
    {
        using IDisposable noGradients = no_grad();
        foreach (FlatParameter entry in parameters.Entries) FlatParameters.View(parameters.Gradients, entry).copy_(Numbers.Normal(seed + (ulong)entry.Offset, [.. entry.Shape]));
    }
}
