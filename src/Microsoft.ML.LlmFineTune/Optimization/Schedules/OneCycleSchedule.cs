using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// Up to the peak and down again, far below the start, while the momentum goes the other way (Smith, Topin: "Super-Convergence", 2018; torch's OneCycleLR).
/// Beyond the last step the last factor stays.
/// </summary>
public sealed record OneCycleSchedule : LearningRateSchedule
{
    /// <summary>The part of the steps in which the factor rises; greater than 0 and less than 1, with <see cref="ThreePhases"/> at most one half. Default 0.3.</summary>
    public double RiseFraction { get; init; } = 0.3;

    /// <summary>The first factor is 1 divided by this; at least 1. Default 25.</summary>
    public double StartDivisor { get; init; } = 25;

    /// <summary>The last factor is the first one divided by this; at least 1. Default 10000.</summary>
    public double EndDivisor { get; init; } = 1e4;

    /// <summary>The way up and down: linear or cosine. Default <see cref="AnnealingShape.Cosine"/>.</summary>
    public AnnealingShape Shape { get; init; } = AnnealingShape.Cosine;

    /// <summary>Whether the factor falls to its start as fast as it rose, and then to its end. Default false: straight to its end.</summary>
    public bool ThreePhases { get; init; }

    /// <summary>Whether the optimizer's momentum moves too, from <see cref="MaximumMomentum"/> to <see cref="MinimumMomentum"/> and back. Default true.</summary>
    public bool CyclesMomentum { get; init; } = true;

    /// <summary>The momentum at the peak of the rate, at least 0 and less than 1. Default 0.85.</summary>
    public double MinimumMomentum { get; init; } = 0.85;

    /// <summary>The momentum at both ends, at least 0 and less than 1. Default 0.95.</summary>
    public double MaximumMomentum { get; init; } = 0.95;

    /// <inheritdoc/>
    public override bool HasOwnRise => true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Positive(RiseFraction);
        Require.Below(RiseFraction, 0.0, 1.0);
        Require.Argument(!ThreePhases || RiseFraction <= 0.5, FormattableString.Invariant($"RiseFraction must be at most 0.5 with ThreePhases, as the fall takes as long; received {RiseFraction}."), nameof(RiseFraction));
        Require.AtLeast(StartDivisor, 1);
        Require.AtLeast(EndDivisor, 1);
        Require.Argument(Shape is AnnealingShape.Linear or AnnealingShape.Cosine, $"Shape must be Linear or Cosine; received {Shape}.", nameof(Shape));
        Require.Below(MinimumMomentum, 0.0, 1.0);
        Require.Below(MaximumMomentum, 0.0, 1.0);
        Require.AtLeast(MaximumMomentum, MinimumMomentum);
    }

    private protected override Func<long, double> Curve(long end, long warmup)
    {
        double start = 1 / StartDivisor, last = start / EndDivisor;
        return Phases(end, ThreePhases ? [start, 1, start, last] : [start, 1, last]);
    }

    private protected override Func<long, double>? MomentumCurve(long end)
    {
        if (!CyclesMomentum) return null;
        double[] ends = [MaximumMomentum, MinimumMomentum, MaximumMomentum];
        return Phases(end, ThreePhases ? [.. ends, MaximumMomentum] : ends);
    }

    private Func<long, double> Phases(long end, double[] values)
    {
        double rise = RiseFraction * end;
        double[] places = ThreePhases ? [0, rise - 1, (2 * rise) - 2, end - 1] : [0, rise - 1, end - 1];
        return step =>
        {
            int phase = 0;
            while (phase < places.Length - 2 && step > places[phase + 1]) phase++;
            double length = places[phase + 1] - places[phase], way = length > 0 ? Math.Clamp((step - places[phase]) / length, 0, 1) : 1;
            (double from, double to) = (values[phase], values[phase + 1]);
            return Shape == AnnealingShape.Cosine ? to + ((from - to) * Wave(way)) : from + ((to - from) * way);
        };
    }
}
