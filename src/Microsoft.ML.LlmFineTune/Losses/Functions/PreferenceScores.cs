using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>What losses over preferences know of pairs of completions: a model's scores and those of a reference.</summary>
/// <param name="Chosen">The model's scores of the completions that are preferred; [pairs] each.</param>
/// <param name="Rejected">Those of the others.</param>
/// <param name="ReferenceChosen">[pairs]: the reference's log-probability of the preferred completions.</param>
/// <param name="ReferenceRejected">[pairs]: that of the others.</param>
public readonly record struct PreferenceScores(CompletionScores Chosen, CompletionScores Rejected, Tensor ReferenceChosen, Tensor ReferenceRejected)
{
    /// <summary>[pairs]: how much more probable the model finds the preferred completions than the reference does (a log-ratio).</summary>
    public Tensor ChosenRatio => Chosen.Sum - ReferenceChosen;

    /// <summary>[pairs]: the same for the others.</summary>
    public Tensor RejectedRatio => Rejected.Sum - ReferenceRejected;
}
