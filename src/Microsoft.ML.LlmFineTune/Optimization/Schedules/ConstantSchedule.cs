namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Warm-up, then the peak.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    private protected override Func<long, double> Curve(long end, long warmup) => step => step < warmup ? Rise(step, warmup) : 1;
}
