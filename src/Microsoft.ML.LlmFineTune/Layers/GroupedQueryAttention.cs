using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Causal attention between the projections, where groups of query heads share keys and values (Ainslie et al.: "GQA", 2023) and a query may see the last keys only. It has no weights of its own.
/// Where nothing is padded, cached, dropped, capped or out of the window, the fused causal kernel gives the same numbers sooner.
/// </summary>
public sealed class GroupedQueryAttention
{
    private readonly DotProductAttention _writtenOut;
    private readonly Dropout _dropout;
    private readonly int? _window;
    private readonly bool _isUsual;

    /// <summary>Creates the attention of one layer.</summary>
    /// <param name="headSize">Numbers a head; at least 1.</param>
    /// <param name="scale">Factor on the scores; usually 1 / sqrt(headSize).</param>
    /// <param name="dropout">Dropout on the attention weights.</param>
    /// <param name="window">How many keys a query may see, its own position and those before it; null: all before it.</param>
    /// <param name="softcap">Scores s become softcap * tanh(s / softcap) (Gemma 2); null: they stay.</param>
    public GroupedQueryAttention(int headSize, double scale, Dropout dropout, int? window = null, double? softcap = null)
    {
        _writtenOut = new DotProductAttention(scale, dropout, softcap);
        _dropout = dropout;
        _window = window;
        _isUsual = softcap is null && Math.Abs((scale * Math.Sqrt(Require.AtLeast(headSize, 1))) - 1) < 1e-12;
    }

    /// <summary>Attends.</summary>
    /// <param name="query">[batch, heads, queries, headSize], rotated.</param>
    /// <param name="key">[batch, groups, queries, headSize], rotated; heads is a multiple of groups.</param>
    /// <param name="value">The shape of <paramref name="key"/>.</param>
    /// <param name="layer">This layer's number in the cache, from 0.</param>
    /// <param name="context">Of this forward pass.</param>
    /// <returns>[batch, queries, heads * headSize].</returns>
    public Tensor Apply(Tensor query, Tensor key, Tensor value, int layer, DecoderContext context)
    {
        (long batch, long heads, long queries) = (query.size(0), query.size(1), query.size(2));
        bool drops = context.Training && _dropout.Probability > 0;
        if (_isUsual && !drops && context.IsPlain && (_window is null || _window >= queries))
        {
            long shared = heads / key.size(1);
            if (shared > 1) (key, value) = (key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1));                  // [batch, heads, queries, headSize]
            Tensor sideBySide = cat([query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)], 2);                        // [batch, queries, 3 * heads, headSize]
            return CausalAttention.Apply(sideBySide.view(batch, queries, -1), (int)heads);
        }
        if (context.Cache is not null) (key, value) = context.Cache.Append(layer, key, value);                                      // [batch, groups, keys, headSize]
        return _writtenOut.Apply(query, key, value, context.Bias(query.device, _writtenOut.ScoreType(query.dtype), _window), context.Training);
    }
}
