namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a <c>PredictionEngine</c> over a trained tokenizer gives, when its column has its default name.</summary>
public sealed class TokenizerTrainingPrediction
{
    /// <summary>Ids of the text's tokens.</summary>
    public int[] Tokens { get; set; } = [];
}
