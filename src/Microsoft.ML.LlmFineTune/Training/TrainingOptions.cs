using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>How to train. Immutable; checked before training starts.</summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over the training data, at least 1. Default 1; null: as many as <see cref="MaximumSteps"/> takes.</summary>
    public int? Epochs { get; init; } = 1;

    /// <summary>Optimizer steps after which training ends even within an epoch, at least 1. Default null: no such limit.</summary>
    public long? MaximumSteps { get; init; }

    /// <summary>Batches whose gradients make one step, at least 1. The last step of an epoch may have fewer. Default 1.</summary>
    public int AccumulatedBatches { get; init; } = 1;

    /// <summary>The optimizer's settings, peak learning rate included.</summary>
    public AdamWOptions Optimizer { get; init; } = new();

    /// <summary>The shape of the learning rate. Default <see cref="ScheduleKind.Cosine"/>.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Steps over which the learning rate rises from 0 to its peak; 0 or more. Default 0.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The smallest learning rate at the end, as a part of the peak, from 0 to 1. Default 0.</summary>
    public double ScheduleFloor { get; init; }

    /// <summary>The step at which the schedule ends, warm-up included; at least 1. Default null: the last step of the run.</summary>
    public long? ScheduleSteps { get; init; }

    /// <summary>Gradients longer than this (Euclidean norm over all parameters) are scaled down to it; greater than 0. Default 1; null: no clipping.</summary>
    public double? MaximumGradientNorm { get; init; } = 1;

    /// <summary>Steps between validations, at least 1. Default null: at the end of every epoch.</summary>
    public long? ValidationInterval { get; init; }

    /// <summary>When to end training early; default null: never. Needs validation data.</summary>
    public EarlyStoppingOptions? EarlyStopping { get; init; }

    /// <summary>Whether the weights of the best validation are taken at the end (by <see cref="EarlyStopping"/>'s metric, the loss without it). Default true; without validation data the last weights stay.</summary>
    public bool RestoreBest { get; init; } = true;

    /// <summary>
    /// Whether backward computes the activations of each layer again instead of keeping them (activation checkpointing: Chen et al.: "Training Deep Nets with Sublinear Memory Cost", 2016): less memory for
    /// about a third more time, the same numbers. Default false. Recurrent models refuse it.
    /// </summary>
    public bool RecomputeActivations { get; init; }

    /// <summary>
    /// Whether memory that a step has freed goes back to the system before the next one takes it anew: less memory (see docs/memory.md) for about a tenth more time, the same numbers. Default false. Of use on Linux with glibc.
    /// </summary>
    public bool ReturnFreedMemory { get; init; }

    /// <summary>Seed of dropout. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Replicas of the model that share out the rows of a batch, at least 1. Default null: by <see cref="ReplicaPlan"/>'s rule.</summary>
    public int? Replicas { get; init; }

    /// <summary>Where to train; the model is moved there. Default <see cref="ComputeDevice.Auto"/>.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Auto;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two contradict each other.</exception>
    public void Validate()
    {
        Require.Argument(Epochs is not null || MaximumSteps is not null, "Epochs or MaximumSteps must be set; both are null.");
        if (Epochs is int epochs) Require.AtLeast(epochs, 1, nameof(Epochs));
        if (MaximumSteps is long steps) Require.AtLeast(steps, 1, nameof(MaximumSteps));
        Require.AtLeast(AccumulatedBatches, 1);
        Require.NotNull(Optimizer).Validate();
        Require.Argument(Enum.IsDefined(Schedule), $"Schedule must be one of {string.Join(", ", Enum.GetNames<ScheduleKind>())}; received {Schedule}.");
        Require.NotNegative(WarmupSteps);
        Require.Within(ScheduleFloor, 0.0, 1.0);
        if (ScheduleSteps is long end) Require.AtLeast(end, 1, nameof(ScheduleSteps));
        if (MaximumGradientNorm is double norm) Require.Positive(norm, nameof(MaximumGradientNorm));
        if (ValidationInterval is long interval) Require.AtLeast(interval, 1, nameof(ValidationInterval));
        EarlyStopping?.Validate();
        if (Replicas is int replicas) Require.AtLeast(replicas, 1, nameof(Replicas));
        Require.Argument(Enum.IsDefined(Device), $"Device must be one of {string.Join(", ", Enum.GetNames<ComputeDevice>())}; received {Device}.");
    }

    /// <summary>The factor of the peak learning rate at each step.</summary>
    /// <param name="totalSteps">Steps of the run.</param>
    internal Func<long, double> Factors(long totalSteps)
    {
        long end = ScheduleSteps ?? Math.Max(1, totalSteps);
        return Schedule switch
        {
            ScheduleKind.Constant => Schedules.Constant(WarmupSteps),
            ScheduleKind.Linear => Schedules.Linear(end, WarmupSteps, ScheduleFloor),
            _ => Schedules.Cosine(end, WarmupSteps, ScheduleFloor),
        };
    }
}
