using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A model whose weights have another type for as long as it is trained. Afterwards each of its parts has its own again: what was trained from the masters, the rest as it was.</summary>
internal sealed class PrecisionScope
{
    private readonly nn.Module _model;
    private readonly List<(nn.Module Module, ScalarType Type)> _own = [];
    private readonly Dictionary<string, Tensor> _frozen = new(StringComparer.Ordinal);

    /// <summary>Keeps what does not move; <see cref="FlatParameters.Adopt"/> converts the model, and keeps the exact values of what does.</summary>
    /// <param name="model">The model.</param>
    /// <param name="precision">In what it is to compute; null: as it is.</param>
    public PrecisionScope(nn.Module model, TrainingPrecision? precision)
    {
        _model = model;
        Type = precision switch
        {
            null => model.parameters().First(parameter => parameter.requires_grad).dtype,
            TrainingPrecision.Float32 => ScalarType.Float32,
            TrainingPrecision.BFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Float16,
        };
        if (precision is null || FlatParameters.Computes(model).All(type => type == Type)) return;
        Conversion = Type;
        // Adapters may have another type than what they stand beside. Converting a module converts its parts, so the whole comes before them.
        foreach (nn.Module module in model.modules().Prepend(model).Distinct())
        {
            if (TypeOf(module) is ScalarType type) _own.Add((module, type));
        }
        // What is rounded now could not be brought back: the memory of the old values stays until the end.
        foreach ((string name, Tensor value) in All(model))
        {
            if (!value.requires_grad) _frozen.Add(name, value.detach().DetachFromDisposeScope());
        }
    }

    /// <summary>In what the model computes: what moves of it, at least.</summary>
    public ScalarType Type { get; }

    /// <summary>To what the model has to be converted; null: it is so already.</summary>
    public ScalarType? Conversion { get; }

    /// <summary>Gives the model its own types back, and frees the old values.</summary>
    /// <param name="parameters">What moved; null: the model was not converted yet.</param>
    public void Restore(FlatParameters? parameters)
    {
        if (Conversion is null) return;
        using IDisposable withoutGradients = no_grad();
        foreach ((nn.Module module, ScalarType type) in _own)
        {
            if (TypeOf(module) != type) module.to(type);
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

    /// <summary>The type of what a module itself has, without its parts; null: nothing of floating point.</summary>
    private static ScalarType? TypeOf(nn.Module module) => module.named_parameters(false).Select(named => named.parameter.dtype)
        .Concat(module.named_buffers(false).Select(named => named.buffer.dtype)).Where(is_floating_point).Select(type => (ScalarType?)type).FirstOrDefault();

    private static IEnumerable<(string Name, Tensor Value)> All(nn.Module model) =>
        model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)).Concat(model.named_buffers().Select(named => (named.name, named.buffer)));
}
