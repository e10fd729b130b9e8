using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How a score becomes a label.</summary>
public sealed record CounterfactualOptions
{
    /// <summary>Scores from here on are positive. Default 0.5; any number.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Whether a score that equals the threshold is positive. Default true.</summary>
    public bool ThresholdIsPositive { get; init; } = true;

    /// <summary>Demands values in their ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The threshold is no number.</exception>
    public void Validate() => Require.Within(Threshold, double.MinValue, double.MaxValue, nameof(Threshold));

    internal bool IsPositive(double score) => ThresholdIsPositive ? score >= Threshold : score > Threshold;
}
