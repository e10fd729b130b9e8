using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What is reported of training on preferences, under the names that TRL has for it. All are means over pairs or rows.</summary>
public static class PreferenceMetrics
{
    /// <summary>The reward of preferred completions: beta times their log-ratio against the reference, or times their log-probability where there is none.</summary>
    public const string ChosenReward = "rewards/chosen";

    /// <summary>The reward of the other completions.</summary>
    public const string RejectedReward = "rewards/rejected";

    /// <summary>The part of the pairs whose preferred completion has the greater reward.</summary>
    public const string Accuracy = "rewards/accuracies";

    /// <summary>How much greater the reward of the preferred completion is.</summary>
    public const string Margin = "rewards/margins";

    /// <summary>The log-probability of preferred completions, in nats.</summary>
    public const string ChosenLogProbability = "logps/chosen";

    /// <summary>That of the other completions.</summary>
    public const string RejectedLogProbability = "logps/rejected";

    /// <summary>The estimated divergence from the reference.</summary>
    public const string Divergence = "kl";

    /// <summary>The metrics of pairs.</summary>
    internal static IReadOnlyList<string> OfPairs { get; } = [ChosenReward, RejectedReward, Accuracy, Margin, ChosenLogProbability, RejectedLogProbability];

    /// <summary>Counts pairs; all tensors are [pairs].</summary>
    internal static void Add(MetricSums metrics, Tensor chosenRewards, Tensor rejectedRewards, Tensor chosenLogProbabilities, Tensor rejectedLogProbabilities)
    {
        Add(metrics, ChosenReward, chosenRewards);
        Add(metrics, RejectedReward, rejectedRewards);
        Add(metrics, Accuracy, chosenRewards.gt(rejectedRewards));
        Add(metrics, Margin, chosenRewards - rejectedRewards);
        Add(metrics, ChosenLogProbability, chosenLogProbabilities);
        Add(metrics, RejectedLogProbability, rejectedLogProbabilities);
    }

    /// <summary>Counts single completions; all tensors are [rows], <paramref name="wanted"/> is of bool.</summary>
    internal static void AddUnpaired(MetricSums metrics, Tensor wanted, Tensor rewards, Tensor logProbabilities)
    {
        Tensor unwanted = wanted.logical_not();
        Add(metrics, ChosenReward, rewards.masked_select(wanted));
        Add(metrics, RejectedReward, rewards.masked_select(unwanted));
        Add(metrics, ChosenLogProbability, logProbabilities.masked_select(wanted));
        Add(metrics, RejectedLogProbability, logProbabilities.masked_select(unwanted));
    }

    private static void Add(MetricSums metrics, string name, Tensor values)
    {
        if (values.numel() > 0) metrics.Add(name, values.detach().to(ScalarType.Float64).sum().item<double>(), values.numel());
    }
}
