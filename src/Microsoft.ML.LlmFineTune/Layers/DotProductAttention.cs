using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Scaled dot-product attention of several heads between the projections (Vaswani et al., 2017); groups of query heads may share keys and values (Ainslie et al., 2023).
/// It has no weights of its own.
/// </summary>
public sealed class DotProductAttention
{
    private readonly double _scale;
    private readonly Dropout _dropout;
    private readonly double? _softcap;
    private readonly bool _upcast;

    /// <summary>Creates the attention of one layer.</summary>
    /// <param name="scale">Factor on the scores; usually 1 / sqrt(headSize).</param>
    /// <param name="dropout">Dropout on the attention weights.</param>
    /// <param name="softcap">Scores s become softcap * tanh(s / softcap) before the bias (Gemma 2); null: they stay.</param>
    /// <param name="upcast">Whether scores and softmax are computed in float32 whatever the weights' type.</param>
    public DotProductAttention(double scale, Dropout dropout, double? softcap = null, bool upcast = false)
    {
        _scale = Require.Positive(scale);
        _dropout = Require.NotNull(dropout);
        _softcap = softcap is double cap ? Require.Positive(cap) : null;
        _upcast = upcast;
    }

    /// <summary>Type of the scores, and so of the bias.</summary>
    /// <param name="weights">Type of queries and keys.</param>
    public ScalarType ScoreType(ScalarType weights) => _upcast ? ScalarType.Float32 : weights;

    /// <summary>Attends.</summary>
    /// <param name="query">[batch, heads, queries, headSize].</param>
    /// <param name="key">[batch, groups, keys, headSize]; heads is a multiple of groups.</param>
    /// <param name="value">[batch, groups, keys, valueSize].</param>
    /// <param name="bias">Added to the scores, broadcasts to [batch, heads, queries, keys]; null: none.</param>
    /// <param name="training">Whether the model is in training mode.</param>
    /// <returns>[batch, queries, heads * valueSize].</returns>
    public Tensor Apply(Tensor query, Tensor key, Tensor value, Tensor? bias, bool training)
    {
        (long batch, long heads, long queries) = (query.size(0), query.size(1), query.size(2));
        long shared = heads / key.size(1);
        if (shared > 1) (key, value) = (key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1));   // [batch, heads, keys, ..]
        ScalarType dtype = value.dtype;
        if (_upcast) (query, key) = (query.to(ScalarType.Float32), key.to(ScalarType.Float32));
        Tensor scores = query.mul(_scale).matmul(key.transpose(2, 3));                                           // [batch, heads, queries, keys]
        if (_softcap is double cap) scores = scores.div(cap).tanh().mul(cap);
        if (bias is not null) scores = scores.add_(bias);
        Tensor weights = F.softmax(scores, -1);
        if (_upcast) weights = weights.to(dtype);
        Tensor attended = _dropout.Apply(weights, training).matmul(value);                                       // [batch, heads, queries, valueSize]
        return attended.transpose(1, 2).reshape(batch, queries, heads * value.size(3));
    }
}
