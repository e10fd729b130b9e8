using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>How probable a model finds completions.</summary>
/// <param name="Sum">[rows]: the log-probability of each completion.</param>
/// <param name="Length">[rows]: its tokens, in the type of <paramref name="Sum"/>; at least 1.</param>
public readonly record struct CompletionScores(Tensor Sum, Tensor Length)
{
    /// <summary>[rows]: the log-probability a token.</summary>
    public Tensor Average => Sum / Length;

    /// <summary>Adds up the tokens of completions.</summary>
    /// <param name="logProbabilities">[rows, length]: of each token.</param>
    /// <param name="kept">[rows, length] bool: the tokens that belong to the completion; at least one a row.</param>
    public static CompletionScores Of(Tensor logProbabilities, Tensor kept)
    {
        Tensor inside = Require.NotNull(kept).to(Require.NotNull(logProbabilities).dtype);
        return new((logProbabilities * inside).sum(-1), inside.sum(-1));
    }

    /// <summary>Adds up the tokens of pairs of completions; those past the length of the shorter one count less (LD-DPO: Liu et al.: "Length desensitization in direct preference optimization", 2024).</summary>
    /// <param name="chosen">[pairs, length]: log-probabilities of the tokens of the chosen completions.</param>
    /// <param name="rejected">[pairs, length]: of the rejected ones.</param>
    /// <param name="chosenKept">[pairs, length] bool.</param>
    /// <param name="rejectedKept">[pairs, length] bool.</param>
    /// <param name="tailWeight">How much the tokens past the shorter length count, from 0 to 1; 1: as much as the others.</param>
    public static (CompletionScores Chosen, CompletionScores Rejected) OfPairs(Tensor chosen, Tensor rejected, Tensor chosenKept, Tensor rejectedKept, double tailWeight = 1)
    {
        (CompletionScores ofChosen, CompletionScores ofRejected) = (Of(chosen, chosenKept), Of(rejected, rejectedKept));
        if (Require.Within(tailWeight, 0.0, 1.0) == 1) return (ofChosen, ofRejected);
        Tensor shared = minimum(ofChosen.Length, ofRejected.Length).unsqueeze(-1);                  // [pairs, 1]
        return (ofChosen with { Sum = Desensitized(chosen, chosenKept) }, ofRejected with { Sum = Desensitized(rejected, rejectedKept) });

        Tensor Desensitized(Tensor logProbabilities, Tensor kept)
        {
            Tensor inside = kept.to(logProbabilities.dtype);
            Tensor isTail = inside.cumsum(-1).gt(shared);                                           // [pairs, length]
            return (logProbabilities * inside * isTail.to(inside.dtype).mul(tailWeight - 1).add(1)).sum(-1);
        }
    }
}
