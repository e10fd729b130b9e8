using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>A factor for each output of a linear map, bias included, or for each of its inputs.</summary>
internal sealed class Ia3Linear : LinearRefit
{
    private readonly Parameter factors;
    private readonly bool _ofInputs;

    public Ia3Linear(ILinearMap map, bool ofInputs, Device device, ScalarType dtype) : base(nameof(Ia3Linear))
    {
        _ofInputs = ofInputs;
        factors = ofInputs ? Weights.Uninitialized(device, dtype, 1, map.InputWidth) : Weights.Uninitialized(device, dtype, map.OutputWidth, 1);
        RegisterComponents();
    }

    public override IReadOnlyList<(string, Parameter)> Parts => [(".ia3_l", factors)];

    public override long KeptOfToken => factors.numel();

    public override bool KeepsInput => false;

    public void Initialize(bool atOne, RandomStream random)
    {
        if (atOne) Initialization.Constant(factors, 1);
        else Initialization.Normal(factors, random, 1);
    }

    public override Tensor Apply(ILinearMap map, Tensor input)
    {
        Tensor scale = factors.view(-1).to(input.dtype);
        return _ofInputs ? map.ApplyBase(input * scale) : map.ApplyBase(input) * scale;
    }

    public override (Tensor Weight, Tensor? Bias) Merged(ILinearMap map)
    {
        using IDisposable withoutGradients = no_grad();
        // [1, inputs] stretches columns, [outputs, 1] rows.
        return (map.ReadWeight() * factors, _ofInputs || map.Bias is null ? null : map.Bias * factors.view(-1));
    }
}
