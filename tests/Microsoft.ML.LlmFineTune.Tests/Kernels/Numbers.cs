using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

/// <summary>Random tensors and comparisons for kernels.</summary>
internal static class Numbers
{
    public static Tensor Normal(ulong seed, params long[] shape)
    {
        float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        new RandomStream(seed).FillNormal(values, 0, 1);
        return tensor(values, shape);
    }

    public static Tensor Leaf(Tensor values) => values.detach().clone().requires_grad_();

    /// <summary>Asserts |actual - expected| &lt;= tolerance * max(1, |expected|) for every element.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        using Tensor wide = expected.detach().to(ScalarType.Float64), other = actual.detach().to(ScalarType.Float64);
        double worst = ((other - wide).abs() / wide.abs().clamp_min(1)).max().item<double>();
        Assert.True(worst <= tolerance, $"The largest relative error is {worst}, allowed is {tolerance}.");
    }

    /// <summary>Compares values and all gradients of a kernel with those of the same formula, composed in double precision.</summary>
    public static void SameFunction(Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> composed, Tensor[] inputs, double tolerance)
    {
        Tensor[] mine = inputs.Select(Leaf).ToArray(), exact = inputs.Select(input => Leaf(input.to(ScalarType.Float64))).ToArray();
        Tensor result = kernel(mine), expected = composed(exact);
        Close(expected, result, tolerance);
        Tensor above = Normal(99, result.shape);
        (result * above).sum().backward();
        (expected * above.to(ScalarType.Float64)).sum().backward();
        for (int i = 0; i < inputs.Length; i++) Close(exact[i].grad!, mine[i].grad!, tolerance);
    }
}
