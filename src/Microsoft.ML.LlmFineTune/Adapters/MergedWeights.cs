using Microsoft.ML.LlmFineTune.Adapters.Refits;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>What a model's weights were before an adapter became a part of them.</summary>
internal sealed class MergedWeights : IDisposable
{
    // By what holds it: a model that was moved or converted meanwhile has other parameters.
    private readonly List<(Func<Parameter> Parameter, Tensor Before)> _before = [];

    private MergedWeights()
    {
    }

    /// <summary>Merges an adapter.</summary>
    /// <exception cref="NotSupportedException">It can not be a part of the weights.</exception>
    /// <exception cref="InvalidOperationException">The weights are quantised.</exception>
    public static MergedWeights Of(ModuleCatalog catalog, AttachedAdapter adapter)
    {
        RequireMergeable(catalog, adapter);
        foreach ((AdaptableModule module, _) in adapter.Refits)
            Require.State(module.Layer is not Linear { Quantized: not null }, $"'{module.Name}' is quantised, and its weights in four bits could not hold the adapter. Call MergeAndRemove, which makes the layer dense, or keep the adapter.");
        MergedWeights merged = new();
        try
        {
            foreach ((AdaptableModule module, IRefit refit) in adapter.Refits)
            {
                using IDisposable scope = NewDisposeScope();
                if (refit is EmbeddingRefit rows)
                {
                    Embedding embedding = (Embedding)module.Layer;
                    merged.Replace(() => embedding.Weight, rows.Merged(embedding));
                    continue;
                }
                Linear layer = (Linear)module.Layer;
                (Tensor weight, Tensor? bias) = ((LinearRefit)refit).Merged(layer);
                merged.Replace(() => layer.Weight, weight);
                if (bias is not null) merged.Replace(() => layer.Bias!, bias);
            }
            return merged;
        }
        catch
        {
            merged.Undo();
            throw;
        }
    }

    /// <summary>Demands that an adapter can be a part of the weights.</summary>
    public static void RequireMergeable(ModuleCatalog catalog, AttachedAdapter adapter)
    {
        if (adapter.Prompt is not null) throw new NotSupportedException($"The adapter '{adapter.Name}' stands before texts, and changes no weights that it could become a part of. Keep it as an adapter.");
        foreach ((AdaptableModule module, IRefit refit) in adapter.Refits)
        {
            if (module.Layer is TiedHead || (refit is EmbeddingRefit && module.Path == catalog.TiedEmbedding?.Path))
                throw new NotSupportedException($"The adapter '{adapter.Name}' changes '{module.Name}', whose table is embedding and output head at once: merged, the change of one would change the other, too. Keep it as an adapter.");
            if (refit is LinearRefit linear) linear.RequireMergeable((ILinearMap)module.Layer);
        }
    }

    /// <summary>Gives the weights back as they were.</summary>
    public void Undo()
    {
        using IDisposable withoutGradients = no_grad();
        foreach ((Func<Parameter> parameter, Tensor before) in _before) parameter().copy_(before);
        Dispose();
    }

    public void Dispose()
    {
        foreach ((_, Tensor before) in _before) before.Dispose();
        _before.Clear();
    }

    private void Replace(Func<Parameter> parameter, Tensor value)
    {
        using IDisposable withoutGradients = no_grad();
        _before.Add((parameter, parameter().detach().clone().DetachFromDisposeScope()));
        parameter().copy_(value);
    }
}
