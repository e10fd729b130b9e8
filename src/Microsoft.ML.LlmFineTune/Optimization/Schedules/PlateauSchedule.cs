using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>The rate is lowered when a metric has stopped getting better (torch's ReduceLROnPlateau).</summary>
public sealed record PlateauSchedule : ReactiveSchedule
{
    /// <summary>What the rate is multiplied by; greater than 0 and less than 1. Default 0.1.</summary>
    public override double Factor { get; init; } = 0.1;

    /// <summary>How much better a metric must be to count; 0 or greater. Default 0.0001.</summary>
    public override double Threshold { get; init; } = 1e-4;

    /// <summary>Whether <see cref="Threshold"/> is a part of the best metric rather than a difference from it. Default true.</summary>
    public override bool RelativeThreshold { get; init; } = true;

    /// <summary>The lowest rate, an absolute number; 0 or greater. Default 0.</summary>
    public override double MinimumRate { get; init; }

    /// <inheritdoc/>
    public override RateReaction Start(double learningRate)
    {
        Validate();
        return new PlateauReaction(this, learningRate);
    }
}
