using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Softmax and cross-entropy in one: the loss of language models and classifiers.</summary>
public static partial class SoftmaxCrossEntropy
{
    /// <summary>The target that means: no loss here.</summary>
    public const long Ignored = -100;

    /// <summary>The sum over rows of -log softmax(logits)[target]; rows whose target is <paramref name="ignoreIndex"/> count nothing.</summary>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="targets">[rows], int64, from 0 to classes - 1, or <paramref name="ignoreIndex"/>.</param>
    /// <param name="ignoreIndex">The target that means: no loss here; default -100.</param>
    /// <returns>A scalar, differentiable in logits; 0 when every row is ignored.</returns>
    /// <remarks>On the CPU the gradient may take the memory of <paramref name="logits"/>: they are not read after <c>backward</c>.</remarks>
    public static Tensor Sum(Tensor logits, Tensor targets, long ignoreIndex = Ignored) => Composed(logits, targets, ignoreIndex);

    internal static Tensor Composed(Tensor logits, Tensor targets, long ignoreIndex) =>
        F.cross_entropy(logits, targets, ignore_index: ignoreIndex, reduction: nn.Reduction.Sum);
}
