using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then along a cosine to the floor (Loshchilov, Hutter: "SGDR", 2017). Beyond the last step the curve goes on, and rises again.</summary>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>The smallest factor, from 0 to 1. Default 0.</summary>
    public double Floor { get; init; }

    /// <summary>How many waves fit between warm-up and the last step; greater than 0. Default 0.5: from the top to the bottom once.</summary>
    public double Cycles { get; init; } = 0.5;

    /// <summary>Whether every step gets the factor of the next one, so that the first step moves the weights and the last one has the floor ("cosine_warmup_with_min_lr"). Default false.</summary>
    public bool OneStepAhead { get; init; }

    /// <summary>The factor of the first step where the schedule is <see cref="OneStepAhead"/>, from 0 to 1; the last step of the warm-up has 1. Default null: 1 / the steps of the warm-up.</summary>
    public double? WarmupStart { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Within(Floor, 0.0, 1.0);
        Require.Positive(Cycles);
        if (WarmupStart is double start) Require.Within(start, 0.0, 1.0, nameof(WarmupStart));
        Require.Argument(WarmupStart is null || OneStepAhead, "WarmupStart is the first factor of a schedule that is OneStepAhead; set that too.", nameof(WarmupStart));
    }

    private protected override Func<long, double> Curve(long end, long warmup) => step => step < warmup
        ? Warmup(step, warmup)
        : Floor + ((1 - Floor) * Wave(2 * Cycles * Progress(OneStepAhead ? step + 1 : step, end, warmup)));

    private double Warmup(long step, long warmup)
    {
        if (!OneStepAhead) return Rise(step, warmup);
        return WarmupStart is double start ? start + ((1 - start) * step / Math.Max(1, warmup - 1)) : Rise(step + 1, warmup);
    }
}
