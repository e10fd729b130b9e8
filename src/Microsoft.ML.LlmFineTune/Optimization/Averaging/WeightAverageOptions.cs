using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Settings of a running average of weights (Polyak, Juditsky: "Acceleration of Stochastic Approximation by Averaging", 1992).</summary>
public sealed record WeightAverageOptions
{
    /// <summary>What the average keeps of itself in an update, at least 0 and less than 1. Default 0.999.</summary>
    public double Decay { get; init; } = 0.999;

    /// <summary>How it begins. Default <see cref="WeightAverageKind.Plain"/>.</summary>
    public WeightAverageKind Kind { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Below(Decay, 0.0, 1.0);
        Require.Argument(Enum.IsDefined(Kind), $"Kind must be one of {string.Join(", ", Enum.GetNames<WeightAverageKind>())}; received {Kind}.", nameof(Kind));
    }
}
