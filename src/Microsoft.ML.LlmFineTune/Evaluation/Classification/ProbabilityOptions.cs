using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How log losses are computed.</summary>
public sealed record ProbabilityOptions
{
    /// <summary>The spacing of doubles at 1, to which scikit-learn clips double probabilities.</summary>
    public const double DoubleEpsilon = 2.220446049250313e-16;

    /// <summary>
    /// Probabilities are clipped to [Epsilon, 1 - Epsilon] before their logarithm is taken. Default 2.220446049250313e-16, as scikit-learn does for doubles (for float32 arrays it clips to 1.1920929e-07); above 0, below 0.5.
    /// </summary>
    public double Epsilon { get; init => field = Require.Below(Require.Positive(value, nameof(Epsilon)), 0, 0.5, nameof(Epsilon)); } = DoubleEpsilon;

    internal double LogLoss(double probability) => -Math.Log(Math.Clamp(probability, Epsilon, 1 - Epsilon));
}
