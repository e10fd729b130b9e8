using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Softmax and cross-entropy in one: the loss of language models and classifiers.</summary>
public static class SoftmaxCrossEntropy
{
    /// <summary>The target that means: no loss here.</summary>
    public const long Ignored = -100;

    /// <summary>The sum over rows of -log softmax(logits)[target]; rows whose target is <paramref name="ignoreIndex"/> count nothing.</summary>
    /// <param name="logits">[rows, classes]; those of 16 bits are computed with in float32.</param>
    /// <param name="targets">[rows], int64, from 0 to classes - 1, or <paramref name="ignoreIndex"/>.</param>
    /// <param name="ignoreIndex">The target that means: no loss here; default -100.</param>
    /// <returns>A scalar, differentiable in logits; 0 when every row is ignored.</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A target is no class (seen on the CPU; other devices leave it to libtorch).</exception>
    public static Tensor Sum(Tensor logits, Tensor targets, long ignoreIndex = Ignored)
    {
        Require.NotNull(logits);
        Require.NotNull(targets);
        Require.Argument(logits.dim() == 2 && targets.dim() == 1 && targets.size(0) == logits.size(0) && targets.dtype == ScalarType.Int64,
            $"Logits must be [rows, classes] and targets [rows] of Int64; received [{string.Join(", ", logits.shape)}] and [{string.Join(", ", targets.shape)}] of {targets.dtype}.");
        // Sums of 16 bits would lose most of what is added up.
        if (logits.dtype is ScalarType.BFloat16 or ScalarType.Float16) logits = logits.to(ScalarType.Float32);
        return KernelGradients.Fit(logits) && targets.is_contiguous() && targets.device_type == TorchSharp.DeviceType.CPU
            ? SoftmaxCrossEntropyFunction.apply(logits, targets, ignoreIndex)
            : Composed(logits, targets, ignoreIndex);
    }

    internal static Tensor Composed(Tensor logits, Tensor targets, long ignoreIndex) =>
        F.cross_entropy(logits, targets, ignore_index: ignoreIndex, reduction: nn.Reduction.Sum);
}
