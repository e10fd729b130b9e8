using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>
/// Cross-entropy of scored classes: -log softmax(logits)[target], with class weights, smoothed labels and a penalty on the normaliser. Rows whose target is <see cref="SoftmaxCrossEntropy.Ignored"/> count nothing.
/// </summary>
public static class CrossEntropy
{
    /// <summary>The loss of each row, not divided: a mean divides by <see cref="Weight"/>.</summary>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="targets">[rows] int64, from 0 to classes - 1, or ignored.</param>
    /// <param name="labelSmoothing">The part of a label that all classes share in equal parts, from 0 to less than 1 (Szegedy et al., 2016; with weights as torch does: the shared part has the weight of each class).</param>
    /// <param name="classWeights">[classes]: factors on the loss of each class; null: 1.</param>
    /// <returns>[rows], 0 where ignored.</returns>
    public static Tensor Each(Tensor logits, Tensor targets, double labelSmoothing = 0, Tensor? classWeights = null)
    {
        logits = Wide(Require.NotNull(logits));
        Require.Below(labelSmoothing, 0.0, 1.0);
        Tensor kept = targets.ne(SoftmaxCrossEntropy.Ignored);                                      // [rows]
        Tensor classes = targets.clamp_min(0).unsqueeze(1);                                         // [rows, 1]
        Tensor surprise = logits.logsumexp(1, keepdim: true) - logits;                              // [rows, classes]: -log p
        Tensor loss = surprise.gather(1, classes).squeeze(1);                                       // [rows]
        if (classWeights is not null) loss = loss * classWeights.gather(0, classes.squeeze(1));
        if (labelSmoothing > 0)
        {
            Tensor shared = classWeights is null ? surprise.mean([1]) : surprise.mul(classWeights).mean([1]);
            loss = ((1 - labelSmoothing) * loss) + (labelSmoothing * shared);
        }
        return loss.masked_fill(kept.logical_not(), 0);
    }

    /// <summary>The sum of <see cref="Each"/>, by the fused kernel where there are no class weights: the one place where a language model's scores become its loss.</summary>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="targets">[rows] int64, from 0 to classes - 1, or ignored.</param>
    /// <param name="labelSmoothing">As in <see cref="Each"/>.</param>
    /// <param name="classWeights">As in <see cref="Each"/>.</param>
    /// <param name="normalizerPenalty">Factor on the square of log sum exp of each kept row's logits ("z-loss": Chowdhery et al., "PaLM", 2022: 1e-4); at least 0.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Sum(Tensor logits, Tensor targets, double labelSmoothing = 0, Tensor? classWeights = null, double normalizerPenalty = 0)
    {
        Require.NotNegative(normalizerPenalty);
        logits = Wide(Require.NotNull(logits));
        Tensor loss = classWeights is null
            ? SoftmaxCrossEntropy.Sum(logits, targets)
            : Each(logits, targets, labelSmoothing, classWeights).sum();
        // -log p of the right class is log-sum-exp less its logit, that of all classes on average the same less their mean logit: so smoothing adds a part of the difference.
        if (classWeights is null && Require.Below(labelSmoothing, 0.0, 1.0) > 0) loss = loss + (labelSmoothing * Margins(logits, targets));
        return normalizerPenalty == 0 ? loss : loss + (normalizerPenalty * Normalizers(logits, targets));
    }

    /// <summary>What a mean is divided by: the number of kept rows, or the sum of the weights of their classes.</summary>
    /// <param name="targets">[rows] int64.</param>
    /// <param name="classWeights">[classes]; null: 1.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Weight(Tensor targets, Tensor? classWeights = null)
    {
        Tensor kept = Require.NotNull(targets).ne(SoftmaxCrossEntropy.Ignored);
        return classWeights is null ? kept.sum() : classWeights.gather(0, targets.clamp_min(0)).masked_fill(kept.logical_not(), 0).sum();
    }

    /// <summary>Logits of 16 bits as float32: sums would lose most of what is added up.</summary>
    private static Tensor Wide(Tensor logits) => logits.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? logits.to(ScalarType.Float32) : logits;

    /// <summary>The sum over kept rows of log sum exp of the logits, squared.</summary>
    private static Tensor Normalizers(Tensor logits, Tensor targets) =>
        logits.logsumexp(1).square().masked_fill(targets.eq(SoftmaxCrossEntropy.Ignored), 0).sum();

    /// <summary>How far the right class's logit stands above the mean of all, summed over the kept rows.</summary>
    private static Tensor Margins(Tensor logits, Tensor targets)
    {
        Tensor right = logits.gather(1, targets.clamp_min(0).unsqueeze(1)).squeeze(1);              // [rows]
        return (right - logits.mean([1])).masked_fill(targets.eq(SoftmaxCrossEntropy.Ignored), 0).sum();
    }
}
