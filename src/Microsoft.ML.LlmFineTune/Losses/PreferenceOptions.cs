using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>How a model is trained on preferences against a reference (direct preference optimization and its descendants).</summary>
public sealed record PreferenceOptions
{
    /// <summary>The loss. Default <see cref="PreferenceLossKind.Sigmoid"/>.</summary>
    public PreferenceLossKind Loss { get; init; } = PreferenceLossKind.Sigmoid;

    /// <summary>Further losses and their factors, added to <see cref="Loss"/> times <see cref="LossWeight"/>; default none. MPO (Wang et al., 2024): 0.8 sigmoid + 0.2 <see cref="PreferenceLossKind.BinaryPair"/> + 1 <see cref="PreferenceLossKind.ChosenLikelihood"/>.</summary>
    public IReadOnlyList<(PreferenceLossKind Loss, double Weight)> AddedLosses { get; init; } = [];

    /// <summary>Factor on <see cref="Loss"/>; default 1; finite.</summary>
    public double LossWeight { get; init; } = 1;

    /// <summary>How much the model is held to its reference; greater than 0. Default 0.1.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>The part of the preferences taken to be turned round, from 0 to less than 0.5; default 0. For the losses with an e in their formula; others are refused with it.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>The divergence. Default <see cref="PreferenceDivergence.ReverseKullbackLeibler"/>.</summary>
    public PreferenceDivergence Divergence { get; init; } = PreferenceDivergence.ReverseKullbackLeibler;

    /// <summary>The coefficient of <see cref="PreferenceDivergence.Alpha"/>, finite; default 0.5; 1 is the reverse divergence.</summary>
    public double DivergenceAlpha { get; init; } = 0.5;

    /// <summary>How much tokens past the length of the pair's shorter completion count (LD-DPO), from 0 to 1; default 1: as much as the others.</summary>
    public double TailWeight { get; init; } = 1;

    /// <summary>The temperature tau of <see cref="PreferenceLossKind.Discovered"/>; greater than 0; default 0.05.</summary>
    public double DiscoveredTemperature { get; init; } = 0.05;

    /// <summary>All losses and their factors.</summary>
    internal IEnumerable<(PreferenceLossKind Loss, double Weight)> Losses => AddedLosses.Prepend((Loss, LossWeight));

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two contradict each other.</exception>
    public void Validate()
    {
        Require.NotNull(AddedLosses);
        Require.Positive(Beta);
        Require.Below(LabelSmoothing, 0.0, 0.5);
        Require.Argument(Enum.IsDefined(Divergence), $"Divergence must be one of {string.Join(", ", Enum.GetNames<PreferenceDivergence>())}; received {Divergence}.");
        Require.Finite(DivergenceAlpha);
        Require.Within(TailWeight, 0.0, 1.0);
        Require.Positive(DiscoveredTemperature);
        foreach ((PreferenceLossKind loss, double weight) in Losses)
        {
            Require.Argument(Enum.IsDefined(loss), $"Loss must be one of {string.Join(", ", Enum.GetNames<PreferenceLossKind>())}; received {loss}.");
            Require.Finite(weight, nameof(LossWeight));
            Require.Argument(loss != PreferenceLossKind.ExactPair || LabelSmoothing > 0, $"The loss {loss} needs a LabelSmoothing greater than 0; received 0. The authors take 0.001.");
        }
        Require.Argument(LabelSmoothing == 0 || Losses.Any(part => Smooths(part.Loss)), $"LabelSmoothing means something for {string.Join(", ", Enum.GetValues<PreferenceLossKind>().Where(Smooths))} only; received {LabelSmoothing} for {Loss}.");
    }

    private static bool Smooths(PreferenceLossKind loss) => loss is PreferenceLossKind.Sigmoid or PreferenceLossKind.Robust or PreferenceLossKind.ExactPair or PreferenceLossKind.OptimalTransport or PreferenceLossKind.OptimalTransportUnpaired;
}
