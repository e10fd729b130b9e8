using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>What the layers of a decoder share during one forward pass: padding, the cache, the mode, and the attention bias that follows from them.</summary>
public sealed class DecoderContext : IDisposable
{
    private readonly long _batch;
    private readonly Dictionary<long, Tensor> _biases = [];
    private bool _isOver;

    /// <summary>Checks the inputs of a forward pass against each other.</summary>
    /// <param name="tokens">[batch, sequence] int64: the new tokens.</param>
    /// <param name="mask">[batch, cached + sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="cache">Keys and values of earlier positions; null for none.</param>
    /// <param name="training">Whether the model is in training mode.</param>
    /// <param name="maximumLength">How many positions the model knows.</param>
    /// <param name="documents">[batch, sequence] int64: the number of the document that each token of a packed row belongs to, the same for all its tokens and for no others; null: every row is one document.</param>
    /// <exception cref="ArgumentException">Shapes or types do not fit each other.</exception>
    public DecoderContext(Tensor tokens, Tensor? mask, DecoderCache? cache, bool training, long maximumLength, Tensor? documents = null)
    {
        Require.NotNull(tokens);
        Require.Argument(tokens.dim() == 2 && tokens.dtype == ScalarType.Int64, $"tokens must be [batch, sequence] of Int64; received [{string.Join(", ", tokens.shape)}] of {tokens.dtype}.", nameof(tokens));
        (_batch, Queries) = (tokens.size(0), tokens.size(1));
        (Mask, Documents, Training) = (mask, documents, training);
        Cache = cache is null or KeyValueStore ? (KeyValueStore?)cache : throw new ArgumentException($"This model needs a {nameof(KvCache)}; received a {cache.GetType().Name}. Take the cache that the model's CreateCache gives.", nameof(cache));
        Require.Argument(_batch > 0 && Queries > 0, $"tokens must have at least one row and one column; received [{_batch}, {Queries}].", nameof(tokens));
        Require.Argument(Keys <= maximumLength, $"The model knows {maximumLength} positions; received {Keys} ({Start} of them cached). Cut the text or take a model with more positions.", nameof(tokens));
        Require.Argument(cache is null || cache.Batch == _batch, $"The key-value cache has {cache?.Batch} rows; received {_batch} rows of tokens.", nameof(cache));
        if (documents is not null)
        {
            Require.Argument(documents.dim() == 2 && documents.dtype == ScalarType.Int64 && documents.size(0) == _batch && documents.size(1) == Queries,
                $"documents must be [{_batch}, {Queries}] of Int64; received [{string.Join(", ", documents.shape)}] of {documents.dtype}.", nameof(documents));
            Require.Argument(cache is null && mask is null, "Packed rows are read whole, so they need neither a cache nor a mask (padding is a document of its own); received one. Leave it out.", nameof(documents));
        }
        if (mask is null) return;
        Require.Argument(mask.dim() == 2 && mask.dtype == ScalarType.Bool && mask.size(0) == _batch && mask.size(1) == Keys,
            $"mask must be [{_batch}, {Keys}] of Bool (cached positions included); received [{string.Join(", ", mask.shape)}] of {mask.dtype}.", nameof(mask));
    }

    private DecoderContext(DecoderContext before, Tensor? restriction)
    {
        (_batch, Queries, Training, _isOver) = (before._batch, before.Queries, before.Training, true);
        if (before.Documents is null) Mask = restriction;
        else Documents = restriction;
    }

    /// <summary>[batch, cached + sequence] bool, false for padding; null when nothing is padded.</summary>
    public Tensor? Mask { get; }

    /// <summary>[batch, sequence] int64: the document that each token of a packed row belongs to; null: every row is one document.</summary>
    public Tensor? Documents { get; }

    /// <summary><see cref="Documents"/> or <see cref="Mask"/>, of which there is one at most: what a query does not see besides what comes after it.</summary>
    public Tensor? Restriction => Documents ?? Mask;

    /// <summary>Keys and values of earlier positions; null for none.</summary>
    public KeyValueStore? Cache { get; }

    /// <summary>Whether every query sees all tokens of its row up to its own, and nothing is cached: what fused attention is for.</summary>
    public bool IsPlain => Mask is null && Documents is null && Cache is null;

    /// <summary>Whether the model is in training mode.</summary>
    public bool Training { get; }

    /// <summary>How many positions are cached, those of virtual tokens included: the number of the first new one.</summary>
    public long Start => Cache switch
    {
        null => 0,
        // Virtual tokens are read before anything else is, as others are.
        KvCache cache => cache.Stored,
        _ => Cache.Virtual + Cache.Length,
    };

    /// <summary>How many new positions there are.</summary>
    public long Queries { get; }

    private long Keys => Start + Queries;

    /// <summary>
    /// [batch, sequence] int64: each new token's number among the real tokens of its row, so that a row means the same alone and padded, on either side; in packed rows, its number in its document.
    /// Null without either: the numbers are then <see cref="Start"/>, <see cref="Start"/> + 1, ... for every row.
    /// </summary>
    public Tensor? Positions()
    {
        if (Documents is not null) return AttentionBias.SameDocument(Documents).tril().sum(2, type: ScalarType.Int64).sub(1);
        return Mask?.to(ScalarType.Int64).cumsum(1).sub(1).clamp_min(0).narrow(1, Start, Queries);
    }

    /// <summary>The bias on attention scores, made at the first call of a forward pass; null when every query may see every key.</summary>
    /// <param name="device">Device of the scores.</param>
    /// <param name="dtype">Type of the scores.</param>
    /// <param name="window">How many keys a query may see, its own position and those before it; null: all before it.</param>
    /// <returns>[queries, keys] or [batch, 1, queries, keys], or null.</returns>
    public Tensor? Bias(Device device, ScalarType dtype, long? window = null)
    {
        long reach = window is long size && size < Keys ? size : Keys;
        if (Mask is null && Documents is null && Queries == 1 && reach == Keys) return null;
        if (_biases.TryGetValue(reach, out Tensor? bias)) return bias;
        bias = AttentionBias.Causal(Queries, Keys, Mask, device, dtype, reach == Keys ? null : reach, Documents);
        // It serves every layer, so it belongs to none of their scopes; a layer that is computed again has its own.
        return _isOver ? bias : _biases[reach] = bias.DetachFromDisposeScope();
    }

    /// <summary>This context while the forward pass lasts; afterwards, for a layer that is computed again, one that says the same and needs no disposing.</summary>
    /// <param name="restriction"><see cref="Restriction"/>, perhaps another tensor of the same numbers.</param>
    internal DecoderContext With(Tensor? restriction) => _isOver ? new DecoderContext(this, restriction) : this;

    /// <summary>Ends the forward pass: frees the biases.</summary>
    public void Dispose()
    {
        _isOver = true;
        foreach (Tensor bias in _biases.Values) bias.Dispose();
        _biases.Clear();
    }
}
