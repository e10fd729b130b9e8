using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Why training ended.</summary>
public enum TrainingStopReason
{
    /// <summary>All steps were taken.</summary>
    Completed = 0,

    /// <summary>Validation no longer got better.</summary>
    EarlyStopping = 1,

    /// <summary>The caller cancelled.</summary>
    Cancelled = 2,

    /// <summary>The loss or the gradient was not finite.</summary>
    Diverged = 3,
}

/// <summary>What training did.</summary>
/// <param name="StopReason">Why it ended.</param>
/// <param name="Steps">Optimizer steps taken.</param>
/// <param name="WeightsStep">The step whose weights the model has now: earlier than <paramref name="Steps"/> when the best were restored.</param>
/// <param name="Epochs">Epochs finished.</param>
/// <param name="Tokens">Tokens trained on, padding included.</param>
/// <param name="FinalLoss">Training loss a target of the last step; NaN without steps.</param>
/// <param name="Validations">All validations in order.</param>
/// <param name="Plan">How steps were shared out.</param>
/// <param name="TrainingTime">How long the steps took, with batching and observers, without validations and saving.</param>
public sealed record TrainingResult(
    TrainingStopReason StopReason, long Steps, long WeightsStep, int Epochs, long Tokens, double FinalLoss,
    IReadOnlyList<TrainingValidation> Validations, ReplicaPlan Plan, TimeSpan TrainingTime)
{
    /// <summary>The part of <see cref="TrainingTime"/> that forward, backward and the update took; the rest is the loop's own: batching, bookkeeping, observers.</summary>
    public TimeSpan ComputingTime { get; init; }

    /// <summary>The most memory that training took, in bytes, the model's weights included, to be compared with <see cref="TrainingStart.Memory"/>; null where it is not known. What else the process does at the same time is in it.</summary>
    public long? PeakMemory { get; init; }

    /// <summary>The best validation; null when there was none.</summary>
    public TrainingValidation? Best => Validations.LastOrDefault(validation => validation.Best);
}
