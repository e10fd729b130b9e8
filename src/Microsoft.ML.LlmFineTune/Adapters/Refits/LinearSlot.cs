using Microsoft.ML.LlmFineTune.Layers;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>What all adapters of a model add to one linear map; at most one of them is active.</summary>
internal sealed class LinearSlot() : LinearAdapter(nameof(LinearSlot))
{
    private readonly Dictionary<string, LinearRefit> _refits = new(StringComparer.Ordinal);
    private LinearRefit? _active;

    public int Count => _refits.Count;

    public override Tensor Apply(ILinearMap map, Tensor input) => _active is null ? map.ApplyBase(input) : _active.Apply(map, input);

    public void Add(string adapter, LinearRefit refit)
    {
        register_module(adapter, refit);
        _refits.Add(adapter, refit);
    }

    public void Remove(string adapter)
    {
        if (!_refits.Remove(adapter, out LinearRefit? refit)) return;
        if (_active == refit) _active = null;
        register_module(adapter, null!);
        refit.Dispose();
    }

    /// <summary>Makes one adapter's part the one that is computed; null, or one that has no part here: none.</summary>
    public void Activate(string? adapter) => _active = adapter is null ? null : _refits.GetValueOrDefault(adapter);
}
