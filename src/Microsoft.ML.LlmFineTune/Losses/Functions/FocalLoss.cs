using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>Cross-entropy that counts less the surer the model is of the right class (Lin et al.: "Focal loss for dense object detection", 2017).</summary>
public static class FocalLoss
{
    /// <summary>-alpha[target] * (1 - p)^gamma * log p of each row, p being the probability of its target. A mean divides by the number of kept rows, with alpha too.</summary>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="targets">[rows] int64, from 0 to classes - 1, or ignored.</param>
    /// <param name="gamma">How much sure rows count less; 0 or greater. 0 is cross-entropy.</param>
    /// <param name="alpha">[classes]: factors on the loss of each class; null: 1.</param>
    /// <returns>[rows], 0 where ignored.</returns>
    public static Tensor Each(Tensor logits, Tensor targets, double gamma, Tensor? alpha = null)
    {
        Require.NotNegative(gamma);
        Tensor surprise = CrossEntropy.Each(logits, targets);                                       // [rows]: -log p
        // 1 - p as -expm1(log p), which is exact for sure rows; a p of 1 would make the power's gradient infinite for gamma < 1.
        Tensor doubt = surprise.neg().expm1().neg().clamp_min(Smallest);                            // [rows]
        Tensor loss = doubt.pow(gamma) * surprise;
        if (alpha is not null) loss = loss * alpha.gather(0, targets.clamp_min(0));
        return loss.masked_fill(targets.eq(SoftmaxCrossEntropy.Ignored), 0);
    }

    private const double Smallest = 1e-30;
}
