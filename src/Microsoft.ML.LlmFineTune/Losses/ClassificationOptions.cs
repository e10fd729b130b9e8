using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>How classes are judged.</summary>
public sealed record ClassificationOptions
{
    /// <summary>The part of a label that all classes share in equal parts, from 0 to less than 1; default 0. Above 0 the model is held back from being surer than that. Not together with <see cref="FocalGamma"/>.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Factors on the loss of each class, at least 0 and finite, as many as there are classes; default null: 1. The mean divides by the sum of the factors; with <see cref="FocalGamma"/> by the number of rows.</summary>
    public IReadOnlyList<float>? ClassWeights { get; init; }

    /// <summary>How much rows that the model is sure of count less (focal loss: Lin et al., 2017: 2); at least 0; default null: cross-entropy.</summary>
    public double? FocalGamma { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two contradict each other.</exception>
    public void Validate()
    {
        Require.Below(LabelSmoothing, 0.0, 1.0);
        if (FocalGamma is double gamma) Require.NotNegative(gamma, nameof(FocalGamma));
        Require.Argument(FocalGamma is null || LabelSmoothing == 0, $"Focal loss knows no smoothed labels; received a FocalGamma of {FocalGamma} and a LabelSmoothing of {LabelSmoothing}.");
        foreach (float weight in ClassWeights ?? []) Require.NotNegative(weight, nameof(ClassWeights));
    }
}
