using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>LAMB: Adam's direction, scaled for each parameter so that the step is in proportion to the weights; for large batches (You and others: "Large Batch Optimization for Deep Learning", 2020). Decay is part of the direction.</summary>
public sealed record LambOptions : MomentOptions
{
    /// <summary>Creates the settings, all at their defaults: <see cref="MomentOptions.Epsilon"/> is 1e-6 here.</summary>
    public LambOptions() => Epsilon = 1e-6;

    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001.</summary>
    public override double LearningRate { get; init; } = 1e-3;

    /// <summary>Whether the moments' start at 0 is corrected. Default true.</summary>
    public bool CorrectsBias { get; init; } = true;

    /// <summary>The largest ratio of weights to direction that a step is scaled by; greater than 0. Default null: any.</summary>
    public double? MaximumTrust { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) => new LambOptimizer(parameters, this, groups);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (MaximumTrust is double maximum) Require.Positive(maximum, nameof(MaximumTrust));
    }
}
