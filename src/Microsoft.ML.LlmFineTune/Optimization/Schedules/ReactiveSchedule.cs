using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// A schedule that follows validation: its factors are a warm-up and then 1, and the rate that they multiply changes with each metric that is observed. Whoever trains
/// calls <see cref="Start"/> once and <see cref="RateReaction.Observe"/> after every validation.
/// </summary>
public abstract record ReactiveSchedule : LearningRateSchedule
{
    private protected ReactiveSchedule()
    {
    }

    /// <summary>Whether a higher metric is better; losses are better when they are lower. Default false.</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>What the rate is multiplied by when it is lowered; greater than 0 and less than 1.</summary>
    public abstract double Factor { get; init; }

    /// <summary>Validations without improvement that are put up with before the rate changes; 0 or more. Default 10.</summary>
    public long Patience { get; init; } = 10;

    /// <summary>How much better a metric must be to count; 0 or greater.</summary>
    public abstract double Threshold { get; init; }

    /// <summary>Whether <see cref="Threshold"/> is a part of the best metric rather than a difference from it.</summary>
    public abstract bool RelativeThreshold { get; init; }

    /// <summary>Validations after a lowering that change nothing; 0 or more. Default 0.</summary>
    public long Cooldown { get; init; }

    /// <summary>The lowest rate, an absolute number; 0 or greater.</summary>
    public abstract double MinimumRate { get; init; }

    /// <summary>Changes of the rate that are not greater than this are not made; 0 or greater. Default 1e-8.</summary>
    public double MinimumChange { get; init; } = 1e-8;

    /// <summary>Begins to react.</summary>
    /// <param name="learningRate">The optimizer's peak learning rate; greater than 0.</param>
    public abstract RateReaction Start(double learningRate);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Positive(Factor);
        Require.Below(Factor, 0.0, 1.0);
        Require.NotNegative(Patience);
        Require.NotNegative(Threshold);
        Require.NotNegative(Cooldown);
        Require.NotNegative(MinimumRate);
        Require.NotNegative(MinimumChange);
    }

    internal bool IsBetter(double metric, double best)
    {
        // The first metric is better than none, whatever it is.
        if (double.IsInfinity(best)) return HigherIsBetter ? metric > best : metric < best;
        if (HigherIsBetter) return metric > (RelativeThreshold ? best * (1 + Threshold) : best + Threshold);
        return metric < (RelativeThreshold ? best * (1 - Threshold) : best - Threshold);
    }

    internal double Worst => HigherIsBetter ? double.NegativeInfinity : double.PositiveInfinity;

    private protected override Func<long, double> Curve(long end, long warmup) => step => step < warmup ? Rise(step, warmup) : 1;
}
