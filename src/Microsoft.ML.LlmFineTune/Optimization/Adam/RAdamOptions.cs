using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>RAdam: Adam that waits with adapting until the second moment is known well enough (Liu and others: "On the Variance of the Adaptive Learning Rate and Beyond", 2020; torch.optim.RAdam).</summary>
public sealed record RAdamOptions : MomentOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001.</summary>
    public override double LearningRate { get; init; } = 1e-3;

    /// <summary>Whether decay multiplies the weights instead of being added to the gradient. Default false, as in torch.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) =>
        new FormulaOptimizer<RAdamRule>(parameters, this, groups, DecoupledDecay, hasMomentum: true, [("exp_avg", 0), ("exp_avg_sq", 0)], step => RAdamRule.At(this, step.Momentum ?? Beta1, step.Rate, step.Step));
}
