using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Multi-head attention to both sides between the projections (Vaswani et al., 2017): queries, keys and values in, attended values out. It has no weights of its own.
/// It takes the cheapest of three ways that give the same numbers: the kernel for inference, scaled_dot_product_attention, or, with dropout, the operators written out.
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

    /// <summary>Attends to every token of the text that is no padding.</summary>
    /// <param name="query">[batch, sequence, heads * headSize].</param>
    /// <param name="key">The shape of query.</param>
    /// <param name="value">The shape of query.</param>
    /// <param name="context">Of this forward pass.</param>
    /// <returns>The shape of query; what stands at padding means nothing.</returns>
    public Tensor Apply(Tensor query, Tensor key, Tensor value, EncoderContext context)
    {
        Require.NotNull(context);
        if (context.First is not null)
        {
            (Tensor firstKeys, Tensor firstValues) = context.NextFirst();                                 // [batch, heads, virtual tokens, headSize]
            (query, key, value) = (Split(query), cat([firstKeys.to(key.dtype), Split(key)], 2), cat([firstValues.to(value.dtype), Split(value)], 2));
            return Attend(query, key, value, context.Bias(query.device, query.dtype), context.Training);
        }
        return !Drops(context.Training) && context.IsPaddedOnTheRight && BidirectionalAttention.Fits(query, key, value, _heads)
            ? BidirectionalAttention.Apply(query, key, value, _heads, context.Lengths)
            : Apply(query, key, value, context.Bias(query.device, query.dtype), context.Training);
    }

    /// <summary>Attends with a bias on the scores.</summary>
    /// <param name="query">[batch, queries, heads * headSize].</param>
    /// <param name="key">[batch, keys, heads * headSize].</param>
    /// <param name="value">The shape of <paramref name="key"/>.</param>
    /// <param name="bias">Added to the scores, broadcasts to [batch, heads, queries, keys]; null: none.</param>
    /// <param name="training">Whether the model is in training mode.</param>
    /// <returns>The shape of <paramref name="query"/>.</returns>
    public Tensor Apply(Tensor query, Tensor key, Tensor value, Tensor? bias, bool training) => Attend(Split(query), Split(key), Split(value), bias, training);

    /// <summary>[batch, heads, .., headSize] each to [batch, queries, heads * headSize].</summary>
    private Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? bias, bool training) => Drops(training)
        ? _writtenOut.Apply(query, key, value, bias, training)
        : F.scaled_dot_product_attention(query, key, value, bias).transpose(1, 2).flatten(2);

    private bool Drops(bool training) => training && _dropout.Probability > 0;

    private Tensor Split(Tensor projected) => projected.view(projected.size(0), projected.size(1), _heads, _headSize).transpose(1, 2);
}
