using Microsoft.ML.LlmFineTune.Optimization;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Where training stands between two steps, but for tensors: all of it that a resumed run needs to go on as if it had not been interrupted.</summary>
/// <remarks>Streams of random numbers have no state: they are functions of the seed and of the step.</remarks>
internal sealed record TrainingState
{
    /// <summary>The epoch, from 0.</summary>
    public int Epoch { get; set; }

    /// <summary>Batches of this epoch that were read.</summary>
    public int BatchesInEpoch { get; set; }

    /// <summary>Summed loss of this epoch so far.</summary>
    public double EpochLoss { get; set; }

    /// <summary>What it is divided by.</summary>
    public double EpochWeight { get; set; }

    /// <summary>Tokens trained on, padding included.</summary>
    public long Tokens { get; set; }

    /// <summary>Loss a target of the last step.</summary>
    public double Loss { get; set; } = double.NaN;

    /// <summary>The step whose weights the model has.</summary>
    public long WeightsStep { get; set; }

    /// <summary>How long the steps took.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>Steps of the optimizer.</summary>
    public long Steps { get; set; }

    /// <summary>Why training ended; null while it goes on.</summary>
    public TrainingStopReason? Ended { get; set; }

    /// <summary>How steps are shared out: another plan would add gradients up in another order.</summary>
    public required ReplicaShare Plan { get; init; }

    /// <summary>All validations in order.</summary>
    public IReadOnlyList<TrainingValidation> Validations { get; set; } = [];

    /// <summary>The step of the best weights; null for none.</summary>
    public long? BestStep { get; set; }

    /// <summary>The optimizer's counters by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Counters { get; set; } = new Dictionary<string, IReadOnlyList<long>>();

    /// <summary>What a schedule that follows validations remembers; null for others.</summary>
    public IReadOnlyDictionary<string, double>? Schedule { get; set; }

    /// <summary>What the next loss is multiplied by; null where losses are not scaled.</summary>
    public double? LossScale { get; set; }

    /// <summary>Finite steps since the loss scale last changed.</summary>
    public long LossScaleGrowth { get; set; }

    /// <summary>Updates of the average of the weights.</summary>
    public long AverageUpdates { get; set; }

    /// <summary>A step was taken.</summary>
    public void Count(long steps, long tokens, double weight)
    {
        (Steps, WeightsStep) = (steps, steps);
        Tokens += tokens;
        EpochLoss += Loss * weight;
        EpochWeight += weight;
    }

    /// <summary>An epoch ended.</summary>
    public void NextEpoch()
    {
        Epoch++;
        (BatchesInEpoch, EpochLoss, EpochWeight) = (0, 0, 0);
    }
}

/// <summary>Replicas and the threads of each.</summary>
internal sealed record ReplicaShare(int Replicas, int ThreadsPerReplica);
