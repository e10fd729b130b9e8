using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How METEOR is computed; the defaults are nltk's. Immutable; checked when an accumulator is created.</summary>
public sealed record MeteorOptions
{
    /// <summary>The weight of precision in the harmonic mean's denominator; from 0 to 1. Default 0.9: recall weighs nine times as much.</summary>
    public double Alpha { get; init; } = 0.9;

    /// <summary>The exponent of the fragmentation; at least 0. Default 3.</summary>
    public double Beta { get; init; } = 3;

    /// <summary>The largest share of the score that fragmentation takes; from 0 to 1. Default 0.5.</summary>
    public double Gamma { get; init; } = 0.5;

    /// <summary>Whether words that are not equal are compared by their Porter stems. Default true.</summary>
    public bool MatchStems { get; init; } = true;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Within(Alpha, 0.0, 1.0);
        Require.NotNegative(Beta);
        Require.Within(Gamma, 0.0, 1.0);
    }
}
