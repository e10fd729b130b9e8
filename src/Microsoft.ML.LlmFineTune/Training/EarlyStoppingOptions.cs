using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>When training ends because validation no longer gets better.</summary>
public sealed record EarlyStoppingOptions
{
    /// <summary>The name of the validation loss as a metric.</summary>
    public const string Loss = "loss";

    /// <summary>Validations in a row without improvement after which training ends; at least 1. Default 3.</summary>
    public int Patience { get; init; } = 3;

    /// <summary>How much better than the best so far counts as an improvement; 0 or greater. Default 0.</summary>
    public double MinimumImprovement { get; init; }

    /// <summary>What is watched: "loss", or a metric of the objective; between equal values of it the weights of the lower loss are taken. Default "loss".</summary>
    public string Metric { get; init; } = Loss;

    /// <summary>Whether more of the metric is better. Default false, as for a loss.</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.AtLeast(Patience, 1);
        Require.NotNegative(MinimumImprovement);
        Require.Text(Metric);
        Require.Argument(Metric != Loss || !HigherIsBetter, $"Metric {Loss} and HigherIsBetter contradict each other: a loss is better the lower it is. Set HigherIsBetter to false, or name another metric.", nameof(HigherIsBetter));
    }
}
