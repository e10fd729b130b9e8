namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What decides which activations a model keeps, besides its configuration.</summary>
/// <param name="Rows">Rows of a batch.</param>
/// <param name="Length">Tokens a row.</param>
/// <param name="SourceLength">Tokens a row of the text that an encoder-decoder reads.</param>
/// <param name="MovesAttention">Whether projections of attention to queries, keys or values move, themselves or by adapters: then what they read is kept.</param>
/// <param name="MovesAttentionOutput">Whether the projection behind attention moves.</param>
/// <param name="MovesFeedForward">Whether matrices of the feed-forward part move.</param>
/// <param name="MovesNorms">Whether norms move.</param>
/// <param name="MovesEmbedding">Whether embeddings move: otherwise the first layer's input has no gradient.</param>
/// <param name="MovesOutput">Whether the output head moves.</param>
public sealed record ActivationShape(
    long Rows, long Length, long SourceLength, bool MovesAttention = true, bool MovesAttentionOutput = true, bool MovesFeedForward = true, bool MovesNorms = true, bool MovesEmbedding = true, bool MovesOutput = true)
{
    /// <summary>Tokens of a batch.</summary>
    public double Tokens => (double)Rows * Length;

    /// <summary>Tokens that an encoder-decoder reads.</summary>
    public double SourceTokens => (double)Rows * SourceLength;

    /// <summary>The same batch where every weight moves.</summary>
    internal ActivationShape WithAllMoving() => new(Rows, Length, SourceLength);
}
