using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then level, but for falls at certain steps: every so many (torch's StepLR), or those that are named (MultiStepLR).</summary>
public sealed record StepSchedule : LearningRateSchedule
{
    /// <summary>Steps between two falls, counted from the end of the warm-up; at least 1. Default null: the <see cref="Milestones"/>, or a third of the steps after the warm-up.</summary>
    public long? Every { get; init; }

    /// <summary>The steps of the run before which it falls, in rising order, each at least 1. Default null: none; not together with <see cref="Every"/>.</summary>
    public IReadOnlyList<long>? Milestones { get; init; }

    /// <summary>What each fall multiplies the factor by; greater than 0 and less than 1. Default 0.1, as in torch.</summary>
    public double Factor { get; init; } = 0.1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (Every is long every) Require.AtLeast(every, 1, nameof(Every));
        Require.Below(Require.Positive(Factor), 0.0, 1.0, nameof(Factor));
        Require.Argument(Every is null || Milestones is null, $"Falls must be at every so many steps or at milestones, not at both; received Every {Every} and {Milestones?.Count} Milestones.", nameof(Milestones));
        Require.Argument(Milestones is null || (Milestones.Count > 0 && Milestones.Prepend(0).Zip(Milestones).All(pair => pair.First < pair.Second)),
            $"Milestones must be steps in rising order, each at least 1; received {string.Join(", ", Milestones ?? [])}.", nameof(Milestones));
    }

    private protected override Func<long, double> Curve(long end, long warmup)
    {
        long every = Every ?? Math.Max(1, (end - warmup + 2) / 3);
        return step => step < warmup ? Rise(step, warmup) : Math.Pow(Factor, Milestones?.Count(milestone => milestone <= step) ?? (step - warmup) / every);
    }
}
