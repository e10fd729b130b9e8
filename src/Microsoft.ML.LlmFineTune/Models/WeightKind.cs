namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What a weight is for; parameter and memory reports add up by kind.</summary>
public enum WeightKind
{
    /// <summary>Tables of tokens and of segments; a head that is tied to one is counted here.</summary>
    Embedding,

    /// <summary>Tables of learned positions and of relative positions.</summary>
    Position,

    /// <summary>Projections of attention.</summary>
    Attention,

    /// <summary>Matrices of the feed-forward part.</summary>
    FeedForward,

    /// <summary>Weights of recurrent cells.</summary>
    Recurrent,

    /// <summary>Weights and biases of norms.</summary>
    Normalization,

    /// <summary>What stands between the last hidden state and the output: heads of language models that are not tied, poolers, classifiers.</summary>
    Output,

    /// <summary>What adapters add.</summary>
    Adapter,
}
