using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then a straight line down to the floor at the last step; the floor from there on.</summary>
public sealed record LinearSchedule : LearningRateSchedule
{
    /// <summary>The smallest factor, from 0 to 1. Default 0.</summary>
    public double Floor { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Within(Floor, 0.0, 1.0);
    }

    private protected override Func<long, double> Curve(long end, long warmup) => step => step < warmup
        ? Rise(step, warmup)
        : Floor + ((1 - Floor) * Math.Max(0, (double)(end - step) / Math.Max(1, end - warmup)));
}
