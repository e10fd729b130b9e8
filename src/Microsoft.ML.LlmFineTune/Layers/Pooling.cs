namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>How the hidden states of a text become one.</summary>
public enum Pooling
{
    /// <summary>That of the last token: it alone has read the whole text.</summary>
    LastToken,

    /// <summary>The mean of all tokens.</summary>
    Mean,

    /// <summary>That of the first token, which encoders set aside for the whole text.</summary>
    FirstToken,
}
