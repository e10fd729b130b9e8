namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What an activation that is kept for backward belongs to.</summary>
public enum ActivationKind
{
    /// <summary>The stream of hidden states between the parts of layers, embeddings included.</summary>
    Stream,

    /// <summary>Norms: what they give and what they compute on the way.</summary>
    Normalization,

    /// <summary>Attention: queries, keys, values, weights, what is attended.</summary>
    Attention,

    /// <summary>The feed-forward part.</summary>
    FeedForward,

    /// <summary>Recurrent cells: gates, states and memories of all steps.</summary>
    Recurrent,

    /// <summary>What stands between the last hidden state and the scores.</summary>
    Output,
}
