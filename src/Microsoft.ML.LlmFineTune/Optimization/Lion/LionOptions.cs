using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Lion: steps of one size along the sign of a mean gradient, with decoupled decay (Chen and others: "Symbolic Discovery of Optimization Algorithms", 2023). Wants about a third to a tenth of AdamW's rate and three to ten times its decay.</summary>
public sealed record LionOptions : OptimizerOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.0001.</summary>
    public override double LearningRate { get; init; } = 1e-4;

    /// <summary>The momentum's weight in the sign that is taken, at least 0 and less than 1. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay rate of the momentum, at least 0 and less than 1. Default 0.99.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) =>
        new FormulaOptimizer<LionRule>(parameters, this, groups, decoupled: true, hasMomentum: true, [("exp_avg", 0)], step => new LionRule(step.Momentum ?? Beta1, Beta2, step.Rate));

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => CountOf(shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Below(Beta1, 0.0, 1.0);
        Require.Below(Beta2, 0.0, 1.0);
    }
}
