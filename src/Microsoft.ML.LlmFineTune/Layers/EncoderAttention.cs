using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Multi-head attention to both sides between the projections (Vaswani et al., 2017): queries, keys and values in, attended values out. It has no weights of its own.
/// Without dropout it is scaled_dot_product_attention, with dropout the operators written out; both give the same numbers.
/// </summary>
public sealed class EncoderAttention
{
    private readonly int _heads;
    private readonly long _headSize;
    private readonly Dropout _dropout;
    private readonly DotProductAttention _writtenOut;

    /// <summary>Creates the attention of one layer; scores are divided by the square root of <paramref name="headSize"/>.</summary>
    /// <param name="heads">How many heads; at least 1.</param>
    /// <param name="headSize">Numbers a head; at least 1.</param>
    /// <param name="dropout">Dropout on the attention weights.</param>
    public EncoderAttention(int heads, long headSize, Dropout dropout)
    {
        _heads = Require.AtLeast(heads, 1);
        _headSize = Require.AtLeast(headSize, 1);
        _dropout = Require.NotNull(dropout);
        _writtenOut = new DotProductAttention(1 / Math.Sqrt(headSize), dropout);
    }

    /// <summary>Attends.</summary>
    /// <param name="query">[batch, queries, heads * headSize].</param>
    /// <param name="key">[batch, keys, heads * headSize].</param>
    /// <param name="value">The shape of <paramref name="key"/>.</param>
    /// <param name="bias">Added to the scores, broadcasts to [batch, heads, queries, keys]; null: none.</param>
    /// <param name="training">Whether the model is in training mode.</param>
    /// <returns>The shape of <paramref name="query"/>.</returns>
    public Tensor Apply(Tensor query, Tensor key, Tensor value, Tensor? bias, bool training)
    {
        (query, key, value) = (Split(query), Split(key), Split(value));                                   // [batch, heads, .., headSize] each
        return training && _dropout.Probability > 0
            ? _writtenOut.Apply(query, key, value, bias, training)
            : F.scaled_dot_product_attention(query, key, value, bias).transpose(1, 2).flatten(2);
    }

    private Tensor Split(Tensor projected) => projected.view(projected.size(0), projected.size(1), _heads, _headSize).transpose(1, 2);
}
