using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then several half cosines of equal length from the peak down to the floor; the floor from the last step on ("cosine_with_restarts").</summary>
public sealed record CosineRestartsSchedule : LearningRateSchedule
{
    /// <summary>The smallest factor, from 0 to 1. Default 0.</summary>
    public double Floor { get; init; }

    /// <summary>How often the curve goes from the top to the bottom; greater than 0. Default 1.</summary>
    public double Cycles { get; init; } = 1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Within(Floor, 0.0, 1.0);
        Require.Positive(Cycles);
    }

    private protected override Func<long, double> Curve(long end, long warmup) => step =>
    {
        if (step < warmup) return Rise(step, warmup);
        double progress = Progress(step, end, warmup);
        return progress >= 1 ? Floor : Floor + ((1 - Floor) * Wave(Cycles * progress % 1));
    };
}
