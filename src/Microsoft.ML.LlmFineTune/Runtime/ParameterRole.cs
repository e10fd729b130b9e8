namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>What a parameter is to an optimizer: which ones weight decay spares and which ones a matrix method leaves to another.</summary>
public enum ParameterRole
{
    /// <summary>A weight that multiplies: the matrices of layers, convolutions, and vectors that scale (IA3's).</summary>
    Weight,

    /// <summary>A bias, a table of relative positions included: everything whose name in a checkpoint says "bias".</summary>
    Bias,

    /// <summary>The weight of a norm.</summary>
    Normalization,

    /// <summary>A table of tokens, segments or positions; a head that is tied to one is counted here.</summary>
    Embedding,

    /// <summary>What stands between the last hidden state and the output.</summary>
    Output,
}
