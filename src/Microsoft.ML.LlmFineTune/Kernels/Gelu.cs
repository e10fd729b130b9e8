using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>The Gaussian error linear unit (Hendrycks, Gimpel: "Gaussian Error Linear Units", 2016) in its two usual spellings.</summary>
public static class Gelu
{
    /// <summary>x * Phi(x), Phi the normal distribution function ("gelu" in Hugging Face's spelling).</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of x, differentiable.</returns>
    public static Tensor Exact(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return KernelGradients.Fit(x) ? ExactGeluFunction.apply(x) : ComposedExact(x);
    }

    /// <summary>0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) ("gelu_new" in Hugging Face's spelling).</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of x, differentiable.</returns>
    public static Tensor Tanh(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return KernelGradients.Fit(x) ? TanhGeluFunction.apply(x) : ComposedTanh(x);
    }

    internal static Tensor ComposedExact(Tensor x) => x.gelu();

    internal static Tensor ComposedTanh(Tensor x) => 0.5 * x * (1 + (Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x.pow(3)))).tanh());
}
