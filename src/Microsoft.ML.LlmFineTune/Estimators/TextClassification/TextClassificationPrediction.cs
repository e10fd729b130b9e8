namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a <c>PredictionEngine</c> over a text classifier gives, when its columns have their default names and a <c>MapKeyToValue</c> of the predicted label follows.</summary>
public sealed class TextClassificationPrediction
{
    /// <summary>Name of the predicted class.</summary>
    public string PredictedLabel { get; set; } = "";

    /// <summary>Probability of each class, in the order of the label's key values; they add up to 1. Names in that order: the annotation <c>SlotNames</c> of <c>engine.OutputSchema["Score"]</c>.</summary>
    public float[] Score { get; set; } = [];
}
