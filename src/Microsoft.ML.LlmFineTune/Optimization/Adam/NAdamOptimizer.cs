using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>NAdam: beside the moments each group has the product of its decay rates so far.</summary>
internal sealed class NAdamOptimizer : ElementwiseOptimizer<NAdamRule>
{
    private readonly NAdamOptions _options;
    private readonly Tensor _product;

    public NAdamOptimizer(FlatParameters parameters, NAdamOptions options, IReadOnlyList<ParameterGroup>? groups) : base(parameters, options, groups, options.DecoupledDecay)
    {
        _options = options;
        Remember("exp_avg");
        Remember("exp_avg_sq");
        _product = AddGroupNumbers("mu_product", 1);
    }

    public override bool HasMomentum => true;

    private protected override NAdamRule RuleAt(GroupStep step)
    {
        double beta1 = step.Momentum ?? _options.Beta1, now = Decay(step.Step), next = Decay(step.Step + 1);
        double product = Numbers(_product)[step.Group] *= now;
        return new NAdamRule(_options, beta1, step.Rate * (1 - now) / (1 - product), step.Rate * next / (1 - (product * next)), step.Step);

        double Decay(long at) => beta1 * (1 - (0.5 * Math.Pow(0.96, at * _options.MomentumDecay)));
    }
}
