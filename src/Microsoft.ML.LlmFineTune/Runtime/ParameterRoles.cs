using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>The roles of a module's parameters: from the module itself where it knows them, else from the name and from the class of the module that owns the parameter.</summary>
internal sealed class ParameterRoles
{
    private readonly IParameterRoles? _known;
    private readonly Dictionary<string, nn.Module> _owners = new(StringComparer.Ordinal);

    public ParameterRoles(nn.Module module)
    {
        _known = module as IParameterRoles;
        _owners[""] = module;
        foreach ((string name, nn.Module part) in module.named_modules()) _owners[name] = part;
    }

    public ParameterRole this[string parameter] => _known?.RoleOf(parameter) ?? ByName(parameter);

    private ParameterRole ByName(string parameter)
    {
        if (parameter.Contains("bias", StringComparison.OrdinalIgnoreCase)) return ParameterRole.Bias;
        int dot = parameter.LastIndexOf('.');
        string owner = _owners.TryGetValue(dot < 0 ? "" : parameter[..dot], out nn.Module? module) ? module.GetType().Name : "";
        if (owner.Contains("Norm", StringComparison.Ordinal)) return ParameterRole.Normalization;
        return owner.StartsWith("Embedding", StringComparison.Ordinal) ? ParameterRole.Embedding : ParameterRole.Weight;
    }
}
