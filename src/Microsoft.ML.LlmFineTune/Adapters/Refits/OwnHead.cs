using Microsoft.ML.LlmFineTune.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>A matrix of its own for a head that was tied: the embedding stays as it is.</summary>
internal sealed class OwnHead : LinearRefit
{
    private readonly Parameter weight;

    public OwnHead(ILinearMap map, Device device, ScalarType dtype) : base(nameof(OwnHead))
    {
        weight = Weights.Uninitialized(device, dtype, map.OutputWidth, map.InputWidth);
        RegisterComponents();
    }

    public override IReadOnlyList<(string, Parameter)> Parts => [(".weight", weight)];

    /// <summary>Begins as the tied head.</summary>
    public void Initialize(ILinearMap map)
    {
        using IDisposable withoutGradients = no_grad();
        using Tensor tied = map.ReadWeight();
        weight.copy_(tied);
    }

    public override Tensor Apply(ILinearMap map, Tensor input) => F.linear(input.to(weight.dtype), weight).to(input.dtype);

    public override (Tensor Weight, Tensor? Bias) Merged(ILinearMap map) => (weight.detach().clone(), null);
}
