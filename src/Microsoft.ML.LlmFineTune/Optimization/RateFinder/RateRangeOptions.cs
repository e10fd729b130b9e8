using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Settings of a learning-rate range test: a short run whose rate rises exponentially (Smith: "Cyclical Learning Rates for Training Neural Networks", 2017).</summary>
public sealed record RateRangeOptions
{
    /// <summary>The first rate; greater than 0. Default 1e-7.</summary>
    public double StartRate { get; init; } = 1e-7;

    /// <summary>The last rate; greater than <see cref="StartRate"/>. Default 1.</summary>
    public double EndRate { get; init; } = 1;

    /// <summary>Steps from the first rate to the last; at least 2. Default 100.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>What the running mean of the losses keeps of itself in a step, at least 0 and less than 1. Default 0.9.</summary>
    public double Smoothing { get; init; } = 0.9;

    /// <summary>The test ends when the smoothed loss is more than this many times the best one; greater than 1. Default 4.</summary>
    public double DivergenceFactor { get; init; } = 4;

    /// <summary>The rate of a step.</summary>
    /// <param name="step">From 0 to <see cref="Steps"/> - 1.</param>
    public double RateAt(int step) => StartRate * Math.Pow(EndRate / StartRate, (double)Require.Within(step, 0, Steps - 1) / (Steps - 1));

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Positive(StartRate);
        Require.Positive(EndRate);
        Require.Argument(EndRate > StartRate, FormattableString.Invariant($"EndRate must be greater than StartRate; received {EndRate} and {StartRate}."), nameof(EndRate));
        Require.AtLeast(Steps, 2);
        Require.Below(Smoothing, 0.0, 1.0);
        Require.Positive(DivergenceFactor - 1, nameof(DivergenceFactor));
    }
}
