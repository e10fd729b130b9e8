using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>A module that is nothing but parameters.</summary>
internal sealed class Holder : nn.Module
{
    public Holder(IEnumerable<(string Name, Tensor Value)> values) : base(nameof(Holder))
    {
        foreach (var (name, value) in values) register_parameter(name, new Parameter(value.clone()));
    }
}
