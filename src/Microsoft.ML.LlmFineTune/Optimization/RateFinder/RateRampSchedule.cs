namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>The schedule of a learning-rate range test: the rates of <see cref="RateRangeOptions.RateAt"/>, whatever the optimizer's peak is.</summary>
/// <param name="Range">The rates.</param>
/// <param name="Peak">The optimizer's peak rate, which the factors are multiplied by.</param>
internal sealed record RateRampSchedule(RateRangeOptions Range, double Peak) : LearningRateSchedule
{
    /// <inheritdoc/>
    public override bool HasOwnRise => true;

    private protected override Func<long, double> Curve(long end, long warmup) => step => Range.RateAt((int)Math.Min(step, Range.Steps - 1)) / Peak;
}
