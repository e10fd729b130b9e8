using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>Cross-entropy of scores that are yes or no each.</summary>
public static class BinaryCrossEntropy
{
    /// <summary>-(w * t * log s(x) + (1 - t) * log(1 - s(x))) of each score, s being the logistic function.</summary>
    /// <param name="logits">[.., labels].</param>
    /// <param name="targets">[.., labels], from 0 (no) to 1 (yes), of the logits' type.</param>
    /// <param name="positiveWeights">[labels]: factors on the part of yes; null: 1.</param>
    /// <returns>The shape of <paramref name="logits"/>.</returns>
    public static Tensor Each(Tensor logits, Tensor targets, Tensor? positiveWeights = null)
    {
        Tensor yes = targets * F.logsigmoid(Require.NotNull(logits));
        if (positiveWeights is not null) yes = yes * positiveWeights;
        return (yes + ((1 - targets) * F.logsigmoid(logits.neg()))).neg();
    }
}
