using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Layer normalisation over the last dimension (Ba, Kiros, Hinton: "Layer Normalization", 2016).</summary>
public static class LayerNormalization
{
    /// <summary>(x - mean) / sqrt(variance + epsilon) * weight + bias, mean and variance over the last dimension.</summary>
    /// <param name="x">[.., width].</param>
    /// <param name="weight">[width].</param>
    /// <param name="bias">[width], or null for none.</param>
    /// <param name="epsilon">Added to the variance; default 1e-5.</param>
    /// <returns>[.., width], differentiable in x, weight and bias.</returns>
    /// <exception cref="ArgumentException">Weight or bias is not [width].</exception>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias, double epsilon = 1e-5)
    {
        Require.NotNull(x);
        Require.NotNull(weight);
        long width = x.size(-1);
        Require.Argument(weight.dim() == 1 && weight.size(0) == width && (bias is null || (bias.dim() == 1 && bias.size(0) == width)),
            $"Weight and bias must be [{width}], the last dimension of x; received [{string.Join(", ", weight.shape)}] and [{string.Join(", ", bias?.shape ?? [])}].");
        return KernelGradients.Fit(x, weight, bias) ? LayerNormFunction.apply(x, weight, bias!, epsilon) : Composed(x, weight, bias, epsilon);
    }

    internal static Tensor Composed(Tensor x, Tensor weight, Tensor? bias, double epsilon) =>
        F.layer_norm(x, [x.shape[^1]], weight, bias, epsilon);

    /// <summary>Without bias, in operators that can be differentiated any number of times.</summary>
    internal static Tensor WrittenOut(Tensor x, Tensor weight, double epsilon)
    {
        Tensor centered = x - x.mean([-1], keepdim: true);
        return centered * (centered.square().mean([-1], keepdim: true) + epsilon).rsqrt() * weight;
    }
}
