using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// Where and when the state of training is saved. Training that finds a state in the folder goes on from it, and ends with the same weights, bit by bit, as if it had never been interrupted.
/// </summary>
/// <remarks>Saved are the parameters that move, the optimizer's state and where in the data training stands: with adapters, little. A state is also saved when training ends or is cancelled.</remarks>
public sealed record CheckpointOptions
{
    /// <summary>The folder, of one run alone; it is made where it does not exist.</summary>
    public required string Folder { get; init; }

    /// <summary>Optimizer steps between saved states, at least 1. Default null: time alone decides.</summary>
    public long? EverySteps { get; init; }

    /// <summary>Minutes between saved states; greater than 0. Default 10; null: steps alone decide.</summary>
    public double? EveryMinutes { get; init; } = 10;

    /// <summary>How many of the newest states are kept, at least 1: the one before the newest serves where that is damaged. Default 2. The best weights are kept besides.</summary>
    public int KeepLast { get; init; } = 2;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Text(Folder);
        if (EverySteps is long steps) Require.AtLeast(steps, 1, nameof(EverySteps));
        if (EveryMinutes is double minutes) Require.Positive(minutes, nameof(EveryMinutes));
        Require.AtLeast(KeepLast, 1);
    }
}
