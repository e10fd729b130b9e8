namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a <c>PredictionEngine</c> over a text generator gives, when its column has its default name.</summary>
public sealed class TextGenerationPrediction
{
    /// <summary>The generated text, without the prompt.</summary>
    public string GeneratedText { get; set; } = "";
}
