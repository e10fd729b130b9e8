using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Dropout (Srivastava et al., 2014) that draws from a stream of its caller's, never from the process-wide generator, so that replicas on threads are reproducible.</summary>
public static class Dropout
{
    /// <summary>Sets each element to 0 with the given probability and divides the others by (1 - probability).</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">From 0 to less than 1; 0 returns x itself and draws nothing.</param>
    /// <param name="stream">Where the draws come from; advanced by the number of elements (by 1 where the kernel does not fit: other devices and types).</param>
    /// <returns>The shape of x, differentiable.</returns>
    public static Tensor Apply(Tensor x, double probability, RandomStream stream)
    {
        Require.NotNull(x);
        Require.NotNull(stream);
        Require.Below(probability, 0.0, 1.0);
        if (probability == 0) return x;
        if (!KernelGradients.Fit(x)) return Composed(x, probability, stream);
        return DropoutFunction.apply(x, probability, stream.Key, stream.Reserve((ulong)x.numel()));
    }

    internal static Tensor Composed(Tensor x, double probability, RandomStream stream)
    {
        using Generator generator = new(stream.NextUInt64() >> 1, x.device);
        using Tensor draws = rand(x.shape, dtype: ScalarType.Float32, device: x.device, generator: generator);
        using Tensor kept = draws.ge(probability).to(x.dtype).div_(1 - probability);
        return x * kept;
    }
}
