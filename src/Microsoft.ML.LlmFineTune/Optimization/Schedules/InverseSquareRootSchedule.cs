using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then down with the inverse root of the steps; it has no end (Vaswani and others: "Attention Is All You Need", 2017).</summary>
public sealed record InverseSquareRootSchedule : LearningRateSchedule
{
    /// <summary>The factor is 1 / sqrt(1 + n / timescale), n steps after the warm-up; at least 1. Default null: the steps of the warm-up, or 10000 without.</summary>
    public long? Timescale { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (Timescale is long timescale) Require.AtLeast(timescale, 1, nameof(Timescale));
    }

    private protected override Func<long, double> Curve(long end, long warmup)
    {
        long timescale = Timescale ?? (warmup > 0 ? warmup : 10_000);
        return step => step < warmup ? Rise(step, warmup) : 1 / Math.Sqrt((double)(step + timescale - warmup) / timescale);
    }
}
