using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How a language model is fine-tuned into a text classifier.</summary>
public sealed record TextClassificationOptions : TrainingTaskOptions
{
    /// <summary>The label column, a key (<c>MapValueToKey</c> makes one). Default "Label".</summary>
    public string LabelColumnName { get; init; } = "Label";

    /// <summary>The predicted class, a key with the label's values. Default "PredictedLabel".</summary>
    public string PredictedLabelColumnName { get; init; } = "PredictedLabel";

    /// <summary>The probabilities of all classes, a vector with the classes' names. Default "Score".</summary>
    public string ScoreColumnName { get; init; } = "Score";

    /// <summary>
    /// The label column of <see cref="TrainingTaskOptions.ValidationData"/>: a key whose values are compared, or the values themselves. Default null: <see cref="LabelColumnName"/>.
    /// Rows whose label training did not have are left out, counted and reported in the log.
    /// </summary>
    public string? ValidationLabelColumnName { get; init; }

    /// <summary>The part of a row's target that is shared out to all classes alike, from 0 to less than 1. Default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Tokens of a text that are read, special ones among them, at least 2; longer texts lose their end, counted and reported in the log. Default null: as many as the model has positions.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>
    /// What the head looks at. Default null: what the family's published classifiers do (decoders: the last token; encoders: the first, mostly through a pooler). The mean of all tokens learns faster from few texts. Saved with the model.
    /// </summary>
    public Pooling? Pooling { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Argument(Pooling is not Pooling pooling || Enum.IsDefined(pooling), $"Pooling must be one of {string.Join(", ", Enum.GetNames<Pooling>())}; received {Pooling}.");
        Require.Text(LabelColumnName);
        if (ValidationLabelColumnName is not null) Require.Text(ValidationLabelColumnName);
        Require.Text(PredictedLabelColumnName);
        Require.Text(ScoreColumnName);
        Require.Argument(PredictedLabelColumnName != ScoreColumnName, $"The added columns must have different names; received '{ScoreColumnName}' for both.", nameof(ScoreColumnName));
        Require.Below(LabelSmoothing, 0.0, 1.0);
        if (MaximumTokens is int tokens) Require.AtLeast(tokens, 2, nameof(MaximumTokens));
    }

    private protected override string WatchedMetric => Losses.ClassificationObjective.Accuracy;
}
