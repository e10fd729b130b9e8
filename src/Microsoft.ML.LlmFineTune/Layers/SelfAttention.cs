using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Causal multi-head attention between the projections: queries, keys and values in, attended values out. It has no weights of its own.
/// It takes the cheapest of three ways that give the same numbers: the fused causal kernel (nothing padded, no cache, no dropout),
/// scaled_dot_product_attention, or the operators written out.
/// </summary>
public sealed class SelfAttention
{
    private readonly int _heads;
    private readonly long _headSize;
    private readonly bool _upcast;
    private readonly DotProductAttention _writtenOut;
    private readonly bool _hasUsualScale;
    private readonly Dropout _dropout;

    /// <summary>Creates the attention of one layer.</summary>
    /// <param name="heads">How many heads; at least 1.</param>
    /// <param name="headSize">Numbers a head; at least 1.</param>
    /// <param name="scale">Factor on the scores; usually 1 / sqrt(headSize).</param>
    /// <param name="upcast">Whether scores and softmax are computed in float32 whatever the weights' type.</param>
    /// <param name="dropout">Dropout on the attention weights.</param>
    public SelfAttention(int heads, long headSize, double scale, bool upcast, Dropout dropout)
    {
        _heads = Require.AtLeast(heads, 1);
        _headSize = Require.AtLeast(headSize, 1);
        _upcast = upcast;
        _writtenOut = new DotProductAttention(scale, dropout, upcast: upcast);
        _hasUsualScale = Math.Abs((scale * Math.Sqrt(headSize)) - 1) < 1e-12;
        _dropout = Require.NotNull(dropout);
    }

    /// <summary>Attends.</summary>
    /// <param name="queryKeyValue">[batch, queries, 3 * heads * headSize]: queries, keys, values side by side.</param>
    /// <param name="layer">This layer's number in the cache, from 0.</param>
    /// <param name="context">Of this forward pass.</param>
    /// <returns>[batch, queries, heads * headSize].</returns>
    public Tensor Apply(Tensor queryKeyValue, int layer, DecoderContext context)
    {
        bool drops = context.Training && _dropout.Probability > 0;
        bool isUsual = _hasUsualScale && !_upcast && !drops;
        if (isUsual && context.IsPlain) return CausalAttention.Apply(queryKeyValue, _heads);

        (long batch, long queries) = (queryKeyValue.size(0), queryKeyValue.size(1));
        Tensor[] parts = queryKeyValue.view(batch, queries, 3, _heads, _headSize).permute(2, 0, 3, 1, 4).contiguous().unbind(0);
        (Tensor query, Tensor key, Tensor value) = (parts[0], parts[1], parts[2]);                         // [batch, heads, queries, headSize] each
        if (context.Cache is not null) (key, value) = context.Cache.Append(layer, key, value);             // [batch, heads, keys, headSize]
        Tensor? bias = context.Bias(query.device, _writtenOut.ScoreType(query.dtype));             // broadcasts to [batch, heads, queries, keys]
        return isUsual
            ? F.scaled_dot_product_attention(query, key, value, bias).transpose(1, 2).reshape(batch, queries, _heads * _headSize)
            : _writtenOut.Apply(query, key, value, bias, context.Training);
    }
}
