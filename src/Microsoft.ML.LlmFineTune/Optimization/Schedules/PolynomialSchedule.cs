using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then down along a power of the part of the steps that is left; the floor from the last step on.</summary>
public sealed record PolynomialSchedule : LearningRateSchedule
{
    /// <summary>The smallest factor, from 0 to 1. Default 0.</summary>
    public double Floor { get; init; }

    /// <summary>The power; greater than 0. Default 1, a straight line.</summary>
    public double Power { get; init; } = 1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Within(Floor, 0.0, 1.0);
        Require.Positive(Power);
    }

    private protected override Func<long, double> Curve(long end, long warmup) => step => step < warmup
        ? Rise(step, warmup)
        : Floor + ((1 - Floor) * Math.Pow(Math.Max(0, 1 - Progress(step, end, warmup)), Power));
}
