namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What a model's output is for.</summary>
public enum ModelHead
{
    /// <summary>Scores for the next token.</summary>
    NextToken,

    /// <summary>Scores for the class of a text.</summary>
    SequenceClassification,

    /// <summary>Scores for the class of each token.</summary>
    TokenClassification,
}
