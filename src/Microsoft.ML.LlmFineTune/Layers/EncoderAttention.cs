using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Multi-head self-attention to both sides between the projections, without a bias of positions. It has no weights of its own. It takes the cheapest of three ways that give the
/// same numbers: the kernel for inference, scaled_dot_product_attention, or, with dropout, the operators written out.
/// </summary>
public sealed class EncoderAttention
{
    private readonly int _heads;
    private readonly Dropout _dropout;
    private readonly DotProductAttention _writtenOut;

    /// <summary>Creates the attention of one layer.</summary>
    /// <param name="heads">How many heads; at least 1.</param>
    /// <param name="headSize">Numbers a head; at least 1. Scores are divided by its square root.</param>
    /// <param name="dropout">Dropout on the attention weights.</param>
    public EncoderAttention(int heads, long headSize, Dropout dropout)
    {
        _heads = Require.AtLeast(heads, 1);
        _dropout = Require.NotNull(dropout);
        _writtenOut = new DotProductAttention(1 / Math.Sqrt(Require.AtLeast(headSize, 1)), dropout);
    }

    /// <summary>Attends.</summary>
    /// <param name="query">[batch, sequence, heads * headSize].</param>
    /// <param name="key">The shape of query.</param>
    /// <param name="value">The shape of query.</param>
    /// <param name="context">Of this forward pass.</param>
    /// <returns>The shape of query; what stands at padding means nothing.</returns>
    public Tensor Apply(Tensor query, Tensor key, Tensor value, EncoderContext context)
    {
        Require.NotNull(context);
        bool drops = context.Training && _dropout.Probability > 0;
        if (!drops && context.IsPaddedOnTheRight && BidirectionalAttention.Fits(query, key, value, _heads)) return BidirectionalAttention.Apply(query, key, value, _heads, context.Lengths);

        Tensor? bias = context.Bias(query.device, query.dtype);
        (Tensor queries, Tensor keys, Tensor values) = (Heads(query), Heads(key), Heads(value));   // [batch, heads, sequence, headSize]
        return drops
            ? _writtenOut.Apply(queries, keys, values, bias, context.Training)
            : F.scaled_dot_product_attention(queries, keys, values, bias).transpose(1, 2).reshape(query.shape);

        Tensor Heads(Tensor x) => x.view(x.size(0), x.size(1), _heads, -1).transpose(1, 2);
    }
}
