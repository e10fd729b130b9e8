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

    /// <summary>Numbers of all weights of the model, adapters left out.</summary>
    public long All { get; private set; }

    /// <summary>Numbers of the largest weight.</summary>
    public long Largest { get; private set; }

    /// <summary>Numbers that move.</summary>
    public long Moving { get; private set; }

    /// <summary>Bytes that the optimizer remembers.</summary>
    public long OptimizerState { get; private set; }

    /// <summary>Numbers that adapters keep of each token, between their matrices.</summary>
    public long AdapterColumns { get; private set; }

    /// <summary>The head that the backbone has of its own.</summary>
    public ModelHead OwnHead { get; private set; }

    /// <summary>Counts.</summary>
    public static MovingWeights Of(MemoryRequest request)
    {
        MovingWeights found = new();
        using nn.Module model = TaskModels.Create(request.Config, request.Head, META, ScalarType.Float32);
        found.OwnHead = ((ICheckpointModel)model).Head;
        foreach ((string name, WeightKind kind, Parameter parameter) in Parameters(model)) found.Count(request, name, kind, parameter);
        return found;
    }

    /// <summary>The names of the matrices of attention.</summary>
    public static Func<string, bool> AttentionOf(MemoryRequest request)
    {
        using nn.Module model = TaskModels.Create(request.Config, request.Head, META, ScalarType.Float32);
        HashSet<string> names = [.. Parameters(model).Where(entry => entry.Kind == WeightKind.Attention && entry.Parameter.dim() == 2).Select(entry => entry.Name)];
        return names.Contains;
    }

    /// <summary>The shape of a batch, and what it meets.</summary>
    public ActivationShape Shape(MemoryRequest request) => new(
        request.Rows, request.Length, request.SourceLength ?? request.Length,
        _attentionInputs, _attentionOutputs, _kinds.Contains(WeightKind.FeedForward), _kinds.Contains(WeightKind.Normalization), _kinds.Contains(WeightKind.Embedding) || _kinds.Contains(WeightKind.Position), _output);

    private void Count(MemoryRequest request, string name, WeightKind kind, Parameter parameter)
    {
        long[] shape = parameter.shape;
        All += parameter.numel();
        Largest = Math.Max(Largest, parameter.numel());
        if (!parameter.requires_grad || request.Moves?.Invoke(name) == false) return;
        if (request.AdapterRank is int rank)
        {
            if (shape.Length != 2) return;
            AdapterColumns += rank;
            Move([rank, shape[1]]);
            Move([shape[0], rank]);
        }
        else
        {
            Move(shape);
        }
        _kinds.Add(kind);
        if (kind == WeightKind.Attention && name.Contains("utput", StringComparison.Ordinal)) _attentionOutputs = true;
        else if (kind == WeightKind.Attention) _attentionInputs = true;
        _output = _output || kind == WeightKind.Output || kind == WeightKind.Embedding;

        void Move(long[] moving)
        {
            Moving += moving.Aggregate(1L, (product, length) => product * length);
            OptimizerState += request.Options.Optimizer.StateBytes(moving);
        }
    }

    private static IEnumerable<(string Name, WeightKind Kind, Parameter Parameter)> Parameters(nn.Module model)
    {
        Dictionary<string, WeightKind> kinds = ((ICheckpointModel)model).WeightNames.GroupBy(weight => weight.Parameter, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Kind, StringComparer.Ordinal);
        // What no checkpoint names moves like any other weight.
        return model.named_parameters().Select(named => (named.name, kinds.GetValueOrDefault(named.name, WeightKind.Output), named.parameter));
    }
}
