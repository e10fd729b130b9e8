using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A model whose weights have another type for as long as it is trained. Afterwards it has its own again: what was trained from the masters, the rest as it was.</summary>
internal sealed class PrecisionScope : IDisposable
{
    private readonly nn.Module _model;
    private readonly ScalarType _own;
    private readonly Dictionary<string, Tensor> _values;
    private readonly bool _converts;

    /// <summary>Converts the model.</summary>
    /// <param name="model">The model; its weights have one type.</param>
    /// <param name="precision">In what it is to compute; null: as it is.</param>
    public PrecisionScope(nn.Module model, TrainingPrecision? precision)
    {
        _model = model;
        _own = model.parameters().First().dtype;
        ScalarType wanted = precision switch
        {
            null => _own,
            TrainingPrecision.Float32 => ScalarType.Float32,
            TrainingPrecision.BFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Float16,
        };
        _converts = wanted != _own;
        // What is rounded now could not be brought back: the memory of the old values stays until the end.
        _values = _converts ? All(model).ToDictionary(entry => entry.Name, entry => entry.Value.detach().DetachFromDisposeScope(), StringComparer.Ordinal) : [];
        if (_converts) model.to(wanted);
    }

    /// <summary>Gives the masters the values from before the rounding, and lets go of them: the masters have them now.</summary>
    public void FillMasters(FlatParameters parameters)
    {
        if (!_converts || !parameters.HasMasters) return;
        using IDisposable withoutGradients = no_grad();
        foreach (FlatParameter entry in parameters.Entries)
        {
            using Tensor master = FlatParameters.View(parameters.Masters, entry);
            master.copy_(_values[entry.Name]);
            _values.Remove(entry.Name, out Tensor? value);
            value!.Dispose();
        }
    }

    /// <summary>Gives the model its own type back.</summary>
    public void Restore(FlatParameters parameters)
    {
        if (!_converts) return;
        _model.to(_own);
        using IDisposable withoutGradients = no_grad();
        Dictionary<string, Tensor> now = All(_model).ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);
        foreach (FlatParameter entry in parameters.Entries)
        {
            using Tensor master = FlatParameters.View(parameters.Masters, entry);
            now[entry.Name].copy_(master);
        }
        HashSet<string> trained = parameters.Entries.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        foreach ((string name, Tensor value) in _values)
        {
            if (!trained.Contains(name)) now[name].copy_(value);
        }
    }

    /// <summary>Frees the old values.</summary>
    public void Dispose()
    {
        foreach (Tensor value in _values.Values) value.Dispose();
    }

    private static IEnumerable<(string Name, Tensor Value)> All(nn.Module model) =>
        model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)).Concat(model.named_buffers().Select(named => (named.name, named.buffer)));
}
