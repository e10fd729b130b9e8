using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adam and AdamW.</summary>
internal sealed class AdamOptimizer : ElementwiseOptimizer<AdamRule>
{
    private readonly MomentOptions _options;
    private readonly bool _amsgrad;

    public AdamOptimizer(FlatParameters parameters, MomentOptions options, IReadOnlyList<ParameterGroup>? groups, bool amsgrad, bool decoupled) : base(parameters, options, groups, decoupled)
    {
        (_options, _amsgrad) = (options, amsgrad);
        Remember("exp_avg");
        Remember("exp_avg_sq");
        if (amsgrad) Remember("max_exp_avg_sq");
    }

    public override bool HasMomentum => true;

    private protected override AdamRule RuleAt(double rate, long step, int group) => new(_options, Momentum ?? _options.Beta1, rate, step, _amsgrad);
}
