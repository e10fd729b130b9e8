namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a <c>PredictionEngine</c> over a tokenizer gives, when its column has its default name and type.</summary>
public sealed class TextTokenizationPrediction
{
    /// <summary>Ids of the text's tokens.</summary>
    public int[] Ids { get; set; } = [];
}
