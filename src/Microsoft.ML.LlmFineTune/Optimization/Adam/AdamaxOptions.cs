using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adamax: Adam with the largest recent gradient in place of the second moment (Kingma, Ba: "Adam: A Method for Stochastic Optimization", 2015, section 7.1; torch.optim.Adamax).</summary>
public sealed record AdamaxOptions : MomentOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.002.</summary>
    public override double LearningRate { get; init; } = 2e-3;

    /// <summary>Whether decay multiplies the weights instead of being added to the gradient. Default false, as in torch.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) =>
        new FormulaOptimizer<AdamaxRule>(parameters, this, groups, DecoupledDecay, hasMomentum: true, [("exp_avg", 0), ("exp_inf", 0)], step => new AdamaxRule(this, step.Momentum ?? Beta1, step.Rate, step.Step));
}
