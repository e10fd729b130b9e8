namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How the hidden states of a text become one vector.</summary>
public enum TextEmbeddingPooling
{
    /// <summary>The mean of all tokens.</summary>
    Mean,

    /// <summary>The first token, which encoders set aside for the whole text.</summary>
    FirstToken,

    /// <summary>The last token: in a decoder it alone has read the whole text.</summary>
    LastToken,

    /// <summary>The family's own pooler: BERT's, a layer and tanh on the first token. The checkpoint must have its weights.</summary>
    Pooler,
}
