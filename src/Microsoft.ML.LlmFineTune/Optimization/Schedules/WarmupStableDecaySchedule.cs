using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up from the floor, the peak for most of the run, then a decay to the floor, which stays (Hu and others: "MiniCPM", 2024; "warmup_stable_decay").</summary>
public sealed record WarmupStableDecaySchedule : LearningRateSchedule
{
    /// <summary>The smallest factor, from 0 to 1. Default 0.</summary>
    public double Floor { get; init; }

    /// <summary>Steps of the decay; 0 or more. Default null: what <see cref="DecayFraction"/> says.</summary>
    public long? DecaySteps { get; init; }

    /// <summary>The part of all steps that the decay takes where <see cref="DecaySteps"/> does not say it, from 0 to 1. Default 0.1.</summary>
    public double DecayFraction { get; init; } = 0.1;

    /// <summary>Steps at the peak; 0 or more. Default null: what warm-up and decay leave.</summary>
    public long? StableSteps { get; init; }

    /// <summary>The way up. Default <see cref="AnnealingShape.Linear"/>.</summary>
    public AnnealingShape WarmupShape { get; init; }

    /// <summary>The way down. Default <see cref="AnnealingShape.Cosine"/>.</summary>
    public AnnealingShape DecayShape { get; init; } = AnnealingShape.Cosine;

    /// <summary>How many waves a cosine decay makes; greater than 0. Default 0.5: from the top to the bottom once.</summary>
    public double Cycles { get; init; } = 0.5;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Within(Floor, 0.0, 1.0);
        if (DecaySteps is long decay) Require.NotNegative(decay, nameof(DecaySteps));
        Require.Within(DecayFraction, 0.0, 1.0);
        if (StableSteps is long stable) Require.NotNegative(stable, nameof(StableSteps));
        foreach ((AnnealingShape shape, string name) in new[] { (WarmupShape, nameof(WarmupShape)), (DecayShape, nameof(DecayShape)) })
            Require.Argument(Enum.IsDefined(shape), $"{name} must be one of {string.Join(", ", Enum.GetNames<AnnealingShape>())}; received {shape}.", name);
        Require.Positive(Cycles);
    }

    private protected override Func<long, double> Curve(long end, long warmup)
    {
        long decay = DecaySteps ?? (long)(DecayFraction * end), stable = StableSteps ?? Math.Max(0, end - warmup - decay), fall = warmup + stable;
        return step => step switch
        {
            _ when step < warmup => Floor + ((1 - Floor) * Up(Rise(step, warmup))),
            _ when step < fall => 1,
            _ when step < fall + decay => Floor + ((1 - Floor) * Down((double)(step - fall) / decay)),
            _ => Floor,
        };
    }

    private double Up(double progress) => WarmupShape switch
    {
        AnnealingShape.Linear => progress,
        AnnealingShape.Cosine => 1 - Wave(progress),
        _ => 1 - Math.Sqrt(1 - progress),
    };

    private double Down(double progress) => DecayShape switch
    {
        AnnealingShape.Linear => 1 - progress,
        AnnealingShape.Cosine => Wave(2 * Cycles * progress),
        _ => 1 - Math.Sqrt(progress),
    };
}
