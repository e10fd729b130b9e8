using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>What is known before the first step.</summary>
/// <param name="Options">All options.</param>
/// <param name="Plan">How steps are shared out.</param>
/// <param name="Parameters">Trained parameters.</param>
/// <param name="TotalSteps">Steps of the run, if nothing ends it early.</param>
/// <param name="Device">Where the model is, for example "cpu".</param>
public sealed record TrainingStart(TrainingOptions Options, ReplicaPlan Plan, long Parameters, long TotalSteps, string Device)
{
    /// <summary>What memory training is estimated to need; null where that is not known (a model of somebody's own, a GPU).</summary>
    public MemoryEstimate? Memory { get; init; }
}

/// <summary>One optimizer step.</summary>
/// <param name="Step">Which one, from 1.</param>
/// <param name="TotalSteps">Steps of the run, if nothing ends it early.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Loss">Loss a target, before the step.</param>
/// <param name="LearningRate">The learning rate of the step.</param>
/// <param name="GradientNorm">The gradient's norm before clipping.</param>
/// <param name="Tokens">Tokens of the step, padding included.</param>
/// <param name="TokensPerSecond">Tokens a second since training started, validations left out.</param>
/// <param name="Remaining">How long the remaining steps will take at this speed.</param>
public sealed record TrainingStep(long Step, long TotalSteps, int Epoch, double Loss, double LearningRate, double GradientNorm, long Tokens, double TokensPerSecond, TimeSpan Remaining);

/// <summary>One validation: sums over all its batches, divided once.</summary>
/// <param name="Step">Steps taken before it.</param>
/// <param name="Loss">Loss a target.</param>
/// <param name="Metrics">The objective's metrics by name.</param>
/// <param name="Targets">What the summed loss was divided by: the targets, or what the objective weighs them with.</param>
/// <param name="Best">Whether it is the best so far.</param>
public sealed record TrainingValidation(long Step, double Loss, IReadOnlyDictionary<string, double> Metrics, double Targets, bool Best = false)
{
    /// <summary>exp(<see cref="Loss"/>): the perplexity, where targets are tokens.</summary>
    public double Perplexity => Math.Exp(Loss);
}

/// <summary>One finished epoch.</summary>
/// <param name="Epoch">Which one, from 0.</param>
/// <param name="Step">Steps taken so far.</param>
/// <param name="Loss">Training loss a target over the epoch's steps.</param>
public sealed record TrainingEpoch(int Epoch, long Step, double Loss);

/// <summary>One saved state.</summary>
/// <param name="Step">Steps taken so far.</param>
/// <param name="Folder">Where the states are.</param>
public sealed record TrainingSave(long Step, string Folder);
