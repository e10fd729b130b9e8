namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a <c>PredictionEngine</c> over a text embedding gives, when its column has its default name.</summary>
public sealed class TextEmbeddingPrediction
{
    /// <summary>The text's vector.</summary>
    public float[] Embedding { get; set; } = [];
}
