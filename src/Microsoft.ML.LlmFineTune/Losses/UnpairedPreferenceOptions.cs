using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>How a model is trained on completions that are wanted or not.</summary>
public sealed record UnpairedPreferenceOptions
{
    /// <summary>How much the model is held to its reference; greater than 0. Default 0.1.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>Factor on the losses of wanted completions; at least 0; default 1. So that both kinds weigh alike, weight times number should be 1 to 4/3 times as great for wanted ones.</summary>
    public double WantedWeight { get; init; } = 1;

    /// <summary>Factor on the losses of unwanted completions; at least 0; default 1.</summary>
    public double UnwantedWeight { get; init; } = 1;

    /// <summary>Whether log-ratios are judged against the estimated divergence from the reference (KTO); default true. False: against 0 (APO-zero for data without pairs), which reads half as many rows.</summary>
    public bool EstimatesDivergence { get; init; } = true;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Positive(Beta);
        Require.NotNegative(WantedWeight);
        Require.NotNegative(UnwantedWeight);
    }
}
