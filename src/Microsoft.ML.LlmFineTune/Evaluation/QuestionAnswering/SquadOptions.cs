using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How answers to questions are judged. Immutable; checked when an accumulator is created.</summary>
public sealed record SquadOptions
{
    /// <summary>Which evaluation. Default 2.0.</summary>
    public SquadVersion Version { get; init; } = SquadVersion.V2;

    /// <summary>A question whose probability of having no answer is greater counts as answered by none; from 0 to 1. Default 1: no question. 1.1 has no such rule.</summary>
    public double NoAnswerThreshold { get; init; } = 1;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Argument(Enum.IsDefined(Version), $"Version must be one of {string.Join(", ", Enum.GetNames<SquadVersion>())}; received {Version}.", nameof(Version));
        Require.Within(NoAnswerThreshold, 0.0, 1.0);
    }
}
