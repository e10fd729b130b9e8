using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>The rate is raised while a metric gets better and lowered while it does not (Subramanian, Ganapathiraman: "Zeroth Order GreedyLR", 2023; transformers' "greedy").</summary>
public sealed record GreedySchedule : ReactiveSchedule
{
    /// <summary>What the rate is multiplied by when it is lowered, and divided by when it is raised; greater than 0 and less than 1. Default 0.95.</summary>
    public override double Factor { get; init; } = 0.95;

    /// <summary>How much better a metric must be to count; 0 or greater. Default 1e-6.</summary>
    public override double Threshold { get; init; } = 1e-6;

    /// <summary>Whether <see cref="Threshold"/> is a part of the best metric rather than a difference from it. Default false.</summary>
    public override bool RelativeThreshold { get; init; }

    /// <summary>The lowest rate, an absolute number; 0 or greater. Default 0.001.</summary>
    public override double MinimumRate { get; init; } = 1e-3;

    /// <summary>The highest rate, an absolute number; at least <see cref="MinimumRate"/>. Default 1.</summary>
    public double MaximumRate { get; init; } = 1;

    /// <summary>Validations after a raising that change nothing; 0 or more. Default 0.</summary>
    public long RaisingPause { get; init; }

    /// <summary>Metrics whose mean is looked at in place of the last one alone; at least 1. Default 1.</summary>
    public int Window { get; init; } = 1;

    /// <summary>Lowerings at the lowest rate after which everything begins anew with the first rate; at least 1. Default 500.</summary>
    public long ResetAfter { get; init; } = 500;

    /// <inheritdoc/>
    public override RateReaction Start(double learningRate)
    {
        Validate();
        return new GreedyReaction(this, learningRate);
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.AtLeast(MaximumRate, MinimumRate);
        Require.NotNegative(RaisingPause);
        Require.AtLeast(Window, 1);
        Require.AtLeast(ResetAfter, 1);
    }
}
