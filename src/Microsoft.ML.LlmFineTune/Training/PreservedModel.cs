using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>The weights, buffers and modes of a model as they are now, for runs that are only a trial. Disposing puts them back.</summary>
internal sealed class PreservedModel : IDisposable
{
    private readonly nn.Module _model;
    private readonly ScalarType _type;
    private readonly Dictionary<string, Tensor> _values;
    private readonly Dictionary<string, bool> _moving;
    private readonly List<(nn.Module Module, bool Training)> _modes;

    /// <summary>Copies what the model has.</summary>
    public PreservedModel(nn.Module model)
    {
        (_model, _type) = (model, model.parameters().First().dtype);
        using IDisposable withoutGradients = no_grad();
        _values = All().ToDictionary(entry => entry.Name, entry => entry.Value.clone().DetachFromDisposeScope(), StringComparer.Ordinal);
        _moving = model.named_parameters().ToDictionary(named => named.name, named => named.parameter.requires_grad, StringComparer.Ordinal);
        // Setting a module's mode sets those of its parts, too; so the whole comes before its parts.
        _modes = [.. model.modules().Prepend(model).Distinct().Select(module => (module, module.training))];
    }

    /// <summary>Puts weights and buffers back, for the next trial.</summary>
    public void Restore()
    {
        using IDisposable withoutGradients = no_grad();
        // Training gives the type back, unless its beginning failed.
        if (_model.parameters().First().dtype != _type) _model.to(_type);
        // By name: a model that was converted has other tensors now.
        foreach ((string name, Tensor value) in All()) value.copy_(_values[name]);
    }

    /// <summary>Puts everything back, and frees the copies.</summary>
    public void Dispose()
    {
        Restore();
        foreach (Tensor value in _values.Values) value.Dispose();
        foreach ((string name, Parameter parameter) in _model.named_parameters())
        {
            if (parameter.requires_grad != _moving[name]) parameter.requires_grad_(_moving[name]);
        }
        foreach ((nn.Module module, bool training) in _modes)
        {
            if (module.training != training) module.train(training);
        }
    }

    private IEnumerable<(string Name, Tensor Value)> All() =>
        _model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)).Concat(_model.named_buffers().Select(named => (named.name, named.buffer)));
}
