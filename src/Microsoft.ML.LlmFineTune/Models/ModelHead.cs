namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What a model's output is for.</summary>
public enum ModelHead
{
    /// <summary>Hidden states: there is no head.</summary>
    None,

    /// <summary>Scores for the next token.</summary>
    NextToken,

    /// <summary>Scores for each masked token.</summary>
    MaskedToken,

    /// <summary>A score for each token: was it replaced?</summary>
    ReplacedToken,

    /// <summary>Scores for the next token of a text written from another.</summary>
    SequenceToSequence,

    /// <summary>Scores for the class of a text, or numbers that describe it.</summary>
    SequenceClassification,

    /// <summary>Scores for the class of each token.</summary>
    TokenClassification,

    /// <summary>Scores for each token to begin and to end the answer to a question.</summary>
    QuestionAnswering,

    /// <summary>A score for each of several continuations.</summary>
    MultipleChoice,

    /// <summary>Numbers that stand for a whole text.</summary>
    Embedding,
}
