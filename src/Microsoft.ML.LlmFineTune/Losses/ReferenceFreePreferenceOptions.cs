using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>How a model is trained on preferences without a reference.</summary>
public sealed record ReferenceFreePreferenceOptions
{
    /// <summary>The loss. Default <see cref="ReferenceFreeLossKind.Sigmoid"/>.</summary>
    public ReferenceFreeLossKind Loss { get; init; } = ReferenceFreeLossKind.Sigmoid;

    /// <summary>How steep the loss is (of <see cref="ReferenceFreeLossKind.OddsRatio"/>: its weight); greater than 0. Default 0.1; SimPO's authors take 2 to 10.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>The margin of <see cref="ReferenceFreeLossKind.Simple"/>, at least 0; default 0.5. Others do not look at it.</summary>
    public double Margin { get; init; } = 0.5;

    /// <summary>Factor on -log p of the chosen completion's tokens, averaged over all of the step (in validation: of the data), which is added; at least 0. Default 1; SimPO: 0.</summary>
    public double LikelihoodWeight { get; init; } = 1;

    /// <summary>The part of the preferences taken to be turned round, from 0 to less than 0.5; default 0. For <see cref="ReferenceFreeLossKind.Sigmoid"/> and <see cref="ReferenceFreeLossKind.Simple"/>; others are refused with it.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>SimPO: beta 2, margin 0.5, no likelihood.</summary>
    public static ReferenceFreePreferenceOptions SimPo { get; } = new() { Loss = ReferenceFreeLossKind.Simple, Beta = 2, Margin = 0.5, LikelihoodWeight = 0 };

    /// <summary>ORPO: 0.1 on the odds, 1 on the likelihood.</summary>
    public static ReferenceFreePreferenceOptions Orpo { get; } = new() { Loss = ReferenceFreeLossKind.OddsRatio };

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two contradict each other.</exception>
    public void Validate()
    {
        Require.Argument(Enum.IsDefined(Loss), $"Loss must be one of {string.Join(", ", Enum.GetNames<ReferenceFreeLossKind>())}; received {Loss}.");
        Require.Positive(Beta);
        Require.NotNegative(Margin);
        Require.NotNegative(LikelihoodWeight);
        Require.Below(LabelSmoothing, 0.0, 0.5);
        Require.Argument(LabelSmoothing == 0 || Loss is ReferenceFreeLossKind.Sigmoid or ReferenceFreeLossKind.Simple,
            $"LabelSmoothing means something for {ReferenceFreeLossKind.Sigmoid} and {ReferenceFreeLossKind.Simple} only; received {LabelSmoothing} for {Loss}.");
    }
}
