using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then half cosines from the peak down to the floor whose length is given and may grow, for as long as training goes on (Loshchilov, Hutter: "SGDR", 2017; torch's CosineAnnealingWarmRestarts).</summary>
public sealed record WarmRestartsSchedule : LearningRateSchedule
{
    /// <summary>The smallest factor, from 0 to 1. Default 0.</summary>
    public double Floor { get; init; }

    /// <summary>Steps of the first half cosine; at least 1. Default 1000.</summary>
    public long FirstPeriod { get; init; } = 1000;

    /// <summary>How many times as long as the one before each half cosine is; at least 1. Default 1.</summary>
    public int PeriodFactor { get; init; } = 1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Within(Floor, 0.0, 1.0);
        Require.AtLeast(FirstPeriod, 1);
        Require.AtLeast(PeriodFactor, 1);
    }

    private protected override Func<long, double> Curve(long end, long warmup) => step =>
    {
        if (step < warmup) return Rise(step, warmup);
        double left = step - warmup, period = FirstPeriod;
        if (PeriodFactor == 1) left %= period;
        for (; left >= period; period *= PeriodFactor) left -= period;
        return Floor + ((1 - Floor) * Wave(left / period));
    };
}
