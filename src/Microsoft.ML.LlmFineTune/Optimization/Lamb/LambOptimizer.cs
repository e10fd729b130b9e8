using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>LAMB. Beside the moments it shows each parameter's last ratio, "trust".</summary>
internal sealed class LambOptimizer : TensorwiseOptimizer
{
    private readonly LambOptions _options;
    private readonly FlatState _first, _second, _trust;

    public LambOptimizer(FlatParameters parameters, LambOptions options, IReadOnlyList<ParameterGroup>? groups) : base(parameters, options, groups)
    {
        _options = options;
        _first = AddState("exp_avg");
        _second = AddState("exp_avg_sq");
        _trust = AddState("trust", _ => []);
    }

    public override bool HasMomentum => true;

    private protected override void Update(FlatParameter entry, Tensor weight, Tensor gradient, double rate, double decay, long step)
    {
        double beta1 = Momentum ?? _options.Beta1, beta2 = _options.Beta2;
        Tensor first = _first.View(entry.Name)!, second = _second.View(entry.Name)!, trust = _trust.View(entry.Name)!;
        first.mul_(beta1).add_(gradient, 1 - beta1);
        second.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
        double stepScale = 1, rootScale = 1;
        if (_options.CorrectsBias) (stepScale, rootScale) = (1 / (1 - Math.Pow(beta1, step)), 1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        Tensor direction = (first * stepScale).div_((second.sqrt() * rootScale).add_(_options.Epsilon));
        if (decay != 0) direction.add_(weight, decay);

        Tensor size = weight.norm(), length = direction.norm();
        Tensor ratio = where(size.gt(0).logical_and(length.gt(0)), size / length, ones_like(size));
        trust.copy_(_options.MaximumTrust is double maximum ? ratio.clamp_max(maximum) : ratio);
        weight.sub_(direction.mul_(trust * rate));
    }
}
