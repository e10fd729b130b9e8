using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>How probable a model finds given tokens.</summary>
public static class TokenLogProbabilities
{
    /// <summary>The log-probability, in nats, of each target.</summary>
    /// <param name="logits">[.., classes].</param>
    /// <param name="targets">[..] int64, from 0 to classes - 1, or <see cref="SoftmaxCrossEntropy.Ignored"/>.</param>
    /// <returns>[..], 0 where ignored.</returns>
    public static Tensor Of(Tensor logits, Tensor targets)
    {
        Tensor chosen = Require.NotNull(logits).gather(-1, Require.NotNull(targets).clamp_min(0).unsqueeze(-1)).squeeze(-1);
        return (chosen - logits.logsumexp(-1)).masked_fill(targets.eq(SoftmaxCrossEntropy.Ignored), 0);
    }
}
