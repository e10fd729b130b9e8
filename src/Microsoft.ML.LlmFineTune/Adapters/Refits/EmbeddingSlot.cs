using Microsoft.ML.LlmFineTune.Layers;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>What all adapters of a model add to one embedding; at most one of them is active.</summary>
internal sealed class EmbeddingSlot() : EmbeddingAdapter(nameof(EmbeddingSlot))
{
    private readonly Dictionary<string, EmbeddingRefit> _refits = new(StringComparer.Ordinal);
    private EmbeddingRefit? _active;

    public int Count => _refits.Count;

    public override Tensor Apply(Embedding embedding, Tensor ids) => _active is null ? embedding.Lookup(embedding.Weight, ids) : _active.Apply(embedding, ids);

    public void Add(string adapter, EmbeddingRefit refit)
    {
        register_module(adapter, refit);
        _refits.Add(adapter, refit);
    }

    public void Remove(string adapter)
    {
        if (!_refits.Remove(adapter, out EmbeddingRefit? refit)) return;
        if (_active == refit) _active = null;
        register_module(adapter, null!);
        refit.Dispose();
    }

    /// <summary>Makes one adapter's part the one that is computed; null, or one that has no part here: none.</summary>
    public void Activate(string? adapter) => _active = adapter is null ? null : _refits.GetValueOrDefault(adapter);
}
