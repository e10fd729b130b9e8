using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>Losses over single completions that are wanted or not.</summary>
public static class UnpairedPreferenceLosses
{
    /// <summary>
    /// Kahneman-Tversky optimization (Ethayarajh et al.: "KTO", 2024) of each completion: 1 - s(beta (ratio - divergence)) for wanted ones, 1 - s(beta (divergence - ratio)) for unwanted ones.
    /// With a divergence of 0 it is APO-zero for data without pairs.
    /// </summary>
    /// <param name="ratio">[rows]: how much more probable the model finds the completion than the reference does (a log-ratio).</param>
    /// <param name="wanted">[rows] bool.</param>
    /// <param name="divergence">A scalar: how far the model is from its reference, from <see cref="Divergence"/>; null: 0.</param>
    /// <param name="beta">How much the model is held to its reference; greater than 0.</param>
    /// <param name="wantedWeight">Factor on the losses of wanted completions; at least 0.</param>
    /// <param name="unwantedWeight">Factor on those of unwanted ones; at least 0.</param>
    /// <returns>[rows]; their mean is the loss.</returns>
    public static Tensor Each(Tensor ratio, Tensor wanted, Tensor? divergence, double beta, double wantedWeight = 1, double unwantedWeight = 1)
    {
        Require.Positive(beta);
        Require.NotNegative(wantedWeight);
        Require.NotNegative(unwantedWeight);
        Tensor signs = Require.NotNull(wanted).to(Require.NotNull(ratio).dtype).mul(2).sub(1);      // [rows]: 1 or -1
        Tensor above = divergence is null ? ratio : ratio - divergence;
        Tensor weights = signs.gt(0).to(ratio.dtype).mul(wantedWeight - unwantedWeight).add(unwantedWeight);
        return weights * (1 - (beta * signs * above).sigmoid());
    }

    /// <summary>An estimate of the divergence of the model from its reference: the mean log-ratio of completions that belong to other prompts, 0 at least, without a gradient.</summary>
    /// <param name="model">[rows]: the model's log-probabilities of the mismatched completions.</param>
    /// <param name="reference">[rows]: the reference's.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Divergence(Tensor model, Tensor reference) => (Require.NotNull(model).detach() - Require.NotNull(reference).detach()).mean().clamp_min(0);
}
