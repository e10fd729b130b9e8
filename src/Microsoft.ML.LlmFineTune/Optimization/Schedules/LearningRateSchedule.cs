using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// The shape of the learning rate over a run: a pure function from the number of steps taken before (0 for the first) to a factor of the optimizer's peak rate.
/// Immutable. With warm-up the first factor is 0 unless a schedule says otherwise: that step moves the optimizer's state, not the weights.
/// </summary>
public abstract record LearningRateSchedule
{
    private protected LearningRateSchedule()
    {
    }

    /// <summary>Steps over which the factor rises to 1; 0 or more. Default null: none, or what <see cref="WarmupFraction"/> says.</summary>
    public long? WarmupSteps { get; init; }

    /// <summary>The part of all steps over which the factor rises to 1, rounded down to whole steps; from 0 to less than 1. Default null: none, or what <see cref="WarmupSteps"/> says.</summary>
    public double? WarmupFraction { get; init; }

    /// <summary>The step at which the schedule ends, warm-up included; at least 1. Default null: the last step of the run.</summary>
    public long? EndStep { get; init; }

    /// <summary>Whether the rise to the peak is a part of the shape, so that there is no warm-up beside it.</summary>
    public virtual bool HasOwnRise => false;

    /// <summary>The factor at each step.</summary>
    /// <param name="totalSteps">Steps of the run; at least 1.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Func<long, double> Factors(long totalSteps)
    {
        Validate();
        (long end, long warmup) = Span(totalSteps);
        return Curve(end, warmup);
    }

    /// <summary>The optimizer's momentum at each step (see <see cref="FlatOptimizer.Momentum"/>); null for schedules that leave it alone.</summary>
    /// <param name="totalSteps">Steps of the run; at least 1.</param>
    public Func<long, double>? Momenta(long totalSteps)
    {
        Validate();
        return MomentumCurve(Span(totalSteps).End);
    }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two contradict each other.</exception>
    public virtual void Validate()
    {
        if (WarmupSteps is long steps) Require.NotNegative(steps, nameof(WarmupSteps));
        if (WarmupFraction is double fraction) Require.Below(fraction, 0.0, 1.0, nameof(WarmupFraction));
        if (EndStep is long end) Require.AtLeast(end, 1, nameof(EndStep));
        Require.Argument(WarmupSteps is null || WarmupFraction is null, FormattableString.Invariant($"Warm-up must be given in steps or as a fraction, not as both; received WarmupSteps {WarmupSteps} and WarmupFraction {WarmupFraction}."), nameof(WarmupFraction));
        Require.Argument(!HasOwnRise || (WarmupSteps is null && WarmupFraction is null), $"{GetType().Name} has a rise of its own; WarmupSteps and WarmupFraction must be null.", nameof(WarmupSteps));
    }

    /// <summary>The factor at each step, the options being right.</summary>
    /// <param name="end">The step at which the schedule ends.</param>
    /// <param name="warmup">Steps of warm-up.</param>
    private protected abstract Func<long, double> Curve(long end, long warmup);

    private protected virtual Func<long, double>? MomentumCurve(long end) => null;

    /// <summary>A straight line from 0 to 1 over the warm-up.</summary>
    private protected static double Rise(long step, long warmup) => (double)step / Math.Max(1, warmup);

    /// <summary>From 0 at the end of the warm-up to 1 at the end of the schedule, and on.</summary>
    private protected static double Progress(long step, long end, long warmup) => (double)(step - warmup) / Math.Max(1, end - warmup);

    /// <summary>Half a cosine from 1 to 0 while the progress goes from 0 to 1; then up again.</summary>
    private protected static double Wave(double progress) => 0.5 * (1 + Math.Cos(Math.PI * progress));

    private (long End, long Warmup) Span(long totalSteps)
    {
        long end = EndStep ?? Require.AtLeast(totalSteps, 1);
        return (end, WarmupSteps ?? (long)((WarmupFraction ?? 0) * end));
    }
}
