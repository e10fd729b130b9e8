using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How segments are drawn for confidence intervals and paired tests; the defaults are sacreBLEU's. Immutable; checked before the first draw.</summary>
public sealed record ResamplingOptions
{
    /// <summary>Resamples of a bootstrap, or trials of an approximate randomization; at least 1. Default null: 1000 for the former, 10000 for the latter.</summary>
    public int? Samples { get; init; }

    /// <summary>Seed of the draws, 0 or greater. Default 12345, as in sacreBLEU; the draws are numpy's, so the same seed selects the same segments there. Null: another one at each call.</summary>
    public long? Seed { get; init; } = 12345;

    /// <summary>Stops between two resamples. Default: never.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        if (Samples is int samples) Require.AtLeast(samples, 1, nameof(Samples));
        if (Seed is long seed) Require.AtLeast(seed, 0, nameof(Seed));
    }
}
