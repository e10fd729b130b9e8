using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A model whose weights have another type for as long as it is trained. Afterwards it has its own again: what was trained from the masters, the rest as it was.</summary>
internal sealed class PrecisionScope
{
    private readonly nn.Module _model;
    private readonly ScalarType _own;
    private readonly Dictionary<string, Tensor> _frozen;
    private readonly Dictionary<string, ScalarType> _types;

    /// <summary>Keeps what does not move; <see cref="FlatParameters.Adopt"/> converts the model, and keeps the exact values of what does.</summary>
    /// <param name="model">The model; what of it moves has one type.</param>
    /// <param name="precision">In what it is to compute; null: as it is.</param>
    public PrecisionScope(nn.Module model, TrainingPrecision? precision)
    {
        _model = model;
        _own = model.parameters().First(parameter => parameter.requires_grad).dtype;
        Type = precision switch
        {
            null => _own,
            TrainingPrecision.Float32 => ScalarType.Float32,
            TrainingPrecision.BFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Float16,
        };
        // What is rounded now could not be brought back: the memory of the old values stays until the end.
        _frozen = Type == _own ? [] : All(model).Where(entry => !entry.Value.requires_grad).ToDictionary(entry => entry.Name, entry => entry.Value.detach().DetachFromDisposeScope(), StringComparer.Ordinal);
        _types = Type == _own ? [] : All(model).ToDictionary(entry => entry.Name, entry => entry.Value.dtype, StringComparer.Ordinal);
    }

    /// <summary>In what the model computes.</summary>
    public ScalarType Type { get; }

    /// <summary>Gives the model its own type back, and frees the old values.</summary>
    /// <param name="parameters">What moved; null: the model was not converted yet.</param>
    public void Restore(FlatParameters? parameters)
    {
        if (Type == _own) return;
        using IDisposable withoutGradients = no_grad();
        _model.to(_own);
        // An adapter may have another type than the model that it is attached to.
        foreach ((string path, nn.Module module) in _model.named_modules().Prepend(("", _model)))
        {
            // Parts come after what they are parts of, and a module's own tensors have one type.
            (string? name, Tensor? value) = Held(module).FirstOrDefault();
            if (value is not null && _types.TryGetValue(path.Length == 0 ? name : $"{path}.{name}", out ScalarType before) && value.dtype != before) module.to(before);
        }
        Dictionary<string, Tensor> now = All(_model).ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);
        foreach (FlatParameter entry in parameters?.Entries ?? [])
        {
            using Tensor master = FlatParameters.View(parameters!.Masters, entry);
            now[entry.Name].copy_(master);
        }
        foreach ((string name, Tensor value) in _frozen)
        {
            now[name].copy_(value);
            value.Dispose();
        }
    }

    private static IEnumerable<(string Name, Tensor Value)> All(nn.Module model) =>
        model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)).Concat(model.named_buffers().Select(named => (named.name, named.buffer)));

    /// <summary>What a module has beside that of its parts.</summary>
    private static IEnumerable<(string Name, Tensor Value)> Held(nn.Module module) =>
        module.named_parameters(recurse: false).Select(named => (named.name, (Tensor)named.parameter)).Concat(module.named_buffers(recurse: false).Select(named => (named.name, named.buffer)));
}
