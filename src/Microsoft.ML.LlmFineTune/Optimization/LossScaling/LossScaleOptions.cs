using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Settings of a dynamic loss scale (Micikevicius and others: "Mixed Precision Training", 2018; torch.amp.GradScaler).</summary>
public sealed record LossScaleOptions
{
    /// <summary>The first scale; greater than 0. Default 65536.</summary>
    public double InitialScale { get; init; } = 65536;

    /// <summary>Multiplies the scale after <see cref="GrowthInterval"/> finite steps in a row; greater than 1. Default 2.</summary>
    public double GrowthFactor { get; init; } = 2;

    /// <summary>Multiplies the scale after a step that was not finite; greater than 0 and less than 1. Default 0.5.</summary>
    public double BackoffFactor { get; init; } = 0.5;

    /// <summary>Finite steps in a row before the scale grows; at least 1. Default 2000.</summary>
    public long GrowthInterval { get; init; } = 2000;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Positive(InitialScale);
        Require.Positive(GrowthFactor - 1, nameof(GrowthFactor));
        Require.Positive(BackoffFactor);
        Require.Below(BackoffFactor, 0.0, 1.0);
        Require.AtLeast(GrowthInterval, 1);
    }
}
