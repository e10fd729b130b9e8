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

    /// <summary>The optimizer's settings, peak learning rate included. Default <see cref="AdamWOptions"/>.</summary>
    public OptimizerOptions Optimizer { get; init; } = new AdamWOptions();

    /// <summary>The shape of the learning rate, warm-up included. Default <see cref="CosineSchedule"/> without warm-up. A <see cref="ReactiveSchedule"/> follows the metric that early stopping watches, the loss without it, and needs validation data.</summary>
    public LearningRateSchedule Schedule { get; init; } = new CosineSchedule();

    /// <summary>Gradients longer than this (Euclidean norm over all parameters) are scaled down to it; greater than 0. Default 1; null: no clipping.</summary>
    public double? MaximumGradientNorm { get; init; } = 1;

    /// <summary>Steps between validations, at least 1. Default null: at the end of every epoch.</summary>
    public long? ValidationInterval { get; init; }

    /// <summary>When to end training early; default null: never. Needs validation data.</summary>
    public EarlyStoppingOptions? EarlyStopping { get; init; }

    /// <summary>Whether the weights of the best validation are taken at the end (by <see cref="EarlyStopping"/>'s metric, the loss without it). Default true; without validation data the last weights stay.</summary>
    public bool RestoreBest { get; init; } = true;

    /// <summary>Which parameters move, since when, and how fast; default null: all that can.</summary>
    public FreezingOptions? Freezing { get; init; }

    /// <summary>In what numbers the model computes; default null: in those of its weights.</summary>
    public TrainingPrecision? Precision { get; init; }

    /// <summary>
    /// Whether a GPU may multiply float32 in TF32 (10 bits of fraction): several times faster, less exact. Default null: as the process has it; read where the device is a GPU. It holds for the whole process as long as training lasts.
    /// </summary>
    public bool? AllowTensorFloat32 { get; init; }

    /// <summary>
    /// Half of this, times the squared distance from the weights that training began with, is added to the loss of everything below the head (L2-SP: Li, Grandvalet, Davoine, 2018); at least 0. Default 0. The reported loss is without it.
    /// </summary>
    public double StartPenalty { get; init; }

    /// <summary>
    /// Probability that a weight of a matrix below the head has, for a step, the value that training began with (mixout: Lee, Cho, Kang, 2020); from 0 to less than 1. Default 0. Its authors take 0.7 to 0.9 for little data.
    /// </summary>
    public double Mixout { get; init; }

    /// <summary>
    /// Strength (alpha) of the noise that training adds to the embeddings of tokens: each number gets a draw from [-1, 1) * alpha / sqrt(length * width) (NEFTune: Jain et al., 2023); at least 0. Default 0: none. Its authors take 5 to 15 for instructions.
    /// Validation is without it; so is the model afterwards.
    /// </summary>
    public double EmbeddingNoise { get; init; }

    /// <summary>A running average of the weights, which then is what is validated and what the model has in the end; default null: the weights themselves.</summary>
    public WeightAverageOptions? WeightAverage { get; init; }

    /// <summary>How the loss is scaled up where the model computes in float16; read there. Default: as torch's gradient scaler does.</summary>
    public LossScaleOptions LossScale { get; init; } = new();

    /// <summary>Where and when the state is saved, to be gone on from after an interruption. Default null: nowhere.</summary>
    public CheckpointOptions? Checkpoints { get; init; }

    /// <summary>
    /// Whether backward computes the activations of each layer again instead of keeping them (activation checkpointing: Chen et al.: "Training Deep Nets with Sublinear Memory Cost", 2016): less memory for
    /// about a third more time, the same numbers. Default false. Recurrent models refuse it.
    /// </summary>
    public bool RecomputeActivations { get; init; }

    /// <summary>
    /// Whether memory that was freed goes back to the system at once, and is taken anew when it is needed: little more than what is in use, for up to twice the time (see docs/memory.md), the same numbers.
    /// Default false. Of use on Linux with glibc.
    /// </summary>
    public bool ReturnFreedMemory { get; init; }

    /// <summary>
    /// Bytes that training may need; greater than 0. Whoever knows the batch beforehand (<see cref="TrainingMemory.RequireFit"/>) refuses training that needs more, and says what would help. Default null: what the machine can give.
    /// </summary>
    public long? MemoryLimit { get; init; }

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
        Require.NotNull(Schedule).Validate();
        bool higherIsBetter = EarlyStopping?.HigherIsBetter ?? false;
        Require.Argument(Schedule is not ReactiveSchedule reactive || reactive.HigherIsBetter == higherIsBetter,
            $"Schedule.HigherIsBetter must be {higherIsBetter}, as for the metric that is watched, {EarlyStopping?.Metric ?? EarlyStoppingOptions.Loss}; received {!higherIsBetter}.", nameof(Schedule));
        if (MaximumGradientNorm is double norm) Require.Positive(norm, nameof(MaximumGradientNorm));
        if (ValidationInterval is long interval) Require.AtLeast(interval, 1, nameof(ValidationInterval));
        EarlyStopping?.Validate();
        Freezing?.Validate();
        WeightAverage?.Validate();
        Require.NotNull(LossScale).Validate();
        Require.Argument(Precision is null || Enum.IsDefined(Precision.Value), $"Precision must be one of {string.Join(", ", Enum.GetNames<TrainingPrecision>())}, or null; received {Precision}.");
        Require.NotNegative(StartPenalty);
        Require.Below(Mixout, 0.0, 1.0);
        Require.NotNegative(EmbeddingNoise);
        Checkpoints?.Validate();
        if (MemoryLimit is long limit) Require.AtLeast(limit, 1, nameof(MemoryLimit));
        if (Replicas is int replicas) Require.AtLeast(replicas, 1, nameof(Replicas));
        Require.Argument(Enum.IsDefined(Device), $"Device must be one of {string.Join(", ", Enum.GetNames<ComputeDevice>())}; received {Device}.");
    }
}
