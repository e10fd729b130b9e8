namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a <c>PredictionEngine</c> over a pretrained model gives, when its columns have their default names.</summary>
public sealed class CausalPretrainingPrediction
{
    /// <summary>Predicted tokens: the text's and the closing end-of-text.</summary>
    public int TokenCount { get; set; }

    /// <summary>Log probability of the text, in nats.</summary>
    public float LogProbability { get; set; }

    /// <summary>exp(-log probability / tokens).</summary>
    public float Perplexity { get; set; }
}
