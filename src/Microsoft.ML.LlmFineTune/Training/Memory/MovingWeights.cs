using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Adapters.Refits;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>What of a model moves: counted on the META device, where weights have shapes and no memory.</summary>
internal sealed class MovingWeights
{
    private readonly HashSet<WeightKind> _kinds = [];
    private bool _attentionInputs, _attentionOutputs, _output;
    private int _virtualTokens;

    /// <summary>Bytes of all weights of the model, adapters left out.</summary>
    public double Bytes { get; private set; }

    /// <summary>Numbers of the largest weight.</summary>
    public long Largest { get; private set; }

    /// <summary>Numbers of the largest matrix that is kept in four bits a number; 0: none is.</summary>
    public long LargestQuantized { get; private set; }

    /// <summary>Numbers that move.</summary>
    public long Moving { get; private set; }

    /// <summary>Numbers of adapters; all of them move.</summary>
    public long Adapters { get; private set; }

    /// <summary>Bytes that the optimizer remembers.</summary>
    public long OptimizerState { get; private set; }

    /// <summary>Numbers that adapters keep of each token for backward.</summary>
    public double AdapterColumns { get; private set; }

    /// <summary>The head that the backbone has of its own.</summary>
    public ModelHead OwnHead { get; private set; }

    /// <summary>Counts.</summary>
    /// <param name="request">What shall be trained.</param>
    /// <param name="size">Bytes of a weight.</param>
    public static MovingWeights Of(MemoryRequest request, int size)
    {
        MovingWeights found = new();
        using nn.Module model = TaskModels.Create(request.Config, request.Head, META, ScalarType.Float32);
        found.OwnHead = ((ICheckpointModel)model).Head;
        found.CountWeights(request, model, size);
        Dictionary<string, WeightKind> kinds = KindsOf(model);
        if (request.Adapter is AdapterOptions adapter) found.Attach(model, adapter);
        foreach ((string name, Parameter parameter) in model.named_parameters().Where(named => named.parameter.requires_grad))
        {
            if (request.Adapter is null && request.Moves?.Invoke(name) == false) continue;
            found.Moving += parameter.numel();
            found.OptimizerState += request.Options.Optimizer.StateBytes(parameter.shape);
            // What no checkpoint names moves like any other weight; an adapter's parts tell of their modules.
            if (kinds.TryGetValue(name, out WeightKind kind)) found.Moves(kind, name);
            else if (request.Adapter is null) found.Moves(WeightKind.Output, name);
            else found.Adapters += parameter.numel();
        }
        return found;
    }

    /// <summary>The shape of a batch, and what it meets.</summary>
    public ActivationShape Shape(MemoryRequest request) => new(
        request.Rows, request.Length + _virtualTokens, (request.SourceLength ?? request.Length) + _virtualTokens,
        _attentionInputs, _attentionOutputs, _kinds.Contains(WeightKind.FeedForward), _kinds.Contains(WeightKind.Normalization),
        _kinds.Contains(WeightKind.Embedding) || _kinds.Contains(WeightKind.Position) || _virtualTokens > 0, _output);

    private void CountWeights(MemoryRequest request, nn.Module model, int size)
    {
        HashSet<nint> quantized = request.IsQuantized ? [.. ModelQuantization.Layers(model, kept: null).Select(layer => layer.Weight.Handle)] : [];
        foreach (Parameter parameter in model.parameters())
        {
            long numbers = parameter.numel();
            bool isQuantized = quantized.Contains(parameter.Handle);
            Bytes += isQuantized ? Nf4Weight.BytesOf(numbers, isDouble: true) : numbers * size;
            if (isQuantized) LargestQuantized = Math.Max(LargestQuantized, numbers);
            Largest = Math.Max(Largest, numbers);
        }
    }

    private void Attach(nn.Module model, AdapterOptions options)
    {
        ModelAdapters.Attach(model, options, ModelAdapters.DefaultName, random: null, isStrict: true);
        AttachedAdapter adapter = ModelAdapters.Of(model)!.Attached();
        _virtualTokens = adapter.Prompt?.Count ?? 0;
        foreach ((AdaptableModule module, IRefit refit) in adapter.Refits)
        {
            AdapterColumns += refit.KeptOfToken;
            if (refit.KeepsInput || module.Layer is Embedding) Moves(module.Kind, module.Path);
        }
    }

    private void Moves(WeightKind kind, string name)
    {
        _kinds.Add(kind);
        if (kind == WeightKind.Attention && name.Contains("utput", StringComparison.Ordinal)) _attentionOutputs = true;
        else if (kind == WeightKind.Attention) _attentionInputs = true;
        _output = _output || kind is WeightKind.Output or WeightKind.Embedding;
    }

    private static Dictionary<string, WeightKind> KindsOf(nn.Module model) =>
        ((ICheckpointModel)model).WeightNames.GroupBy(weight => weight.Parameter, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Kind, StringComparer.Ordinal);
}
