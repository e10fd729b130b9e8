using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adagrad: gradients divided by the root of the sum of all their squares (Duchi, Hazan, Singer: "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011; torch.optim.Adagrad).</summary>
public sealed record AdagradOptions : OptimizerOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.01.</summary>
    public override double LearningRate { get; init; } = 1e-2;

    /// <summary>How fast the rate falls: in step t it is divided by 1 + (t - 1) * this; 0 or greater. Default 0.</summary>
    public double RateDecay { get; init; }

    /// <summary>The sum of squares before the first step; 0 or greater. Default 0.</summary>
    public double InitialSum { get; init; }

    /// <summary>Added to the root; greater than 0. Default 1e-10.</summary>
    public double Epsilon { get; init; } = 1e-10;

    /// <summary>Whether decay multiplies the weights instead of being added to the gradient. Default false, as in torch.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) =>
        new FormulaOptimizer<AdagradRule>(parameters, this, groups, DecoupledDecay, hasMomentum: false, [("sum", InitialSum)], step => new AdagradRule(this, step.Rate, step.Step));

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => CountOf(shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.NotNegative(RateDecay);
        Require.NotNegative(InitialSum);
        Require.Positive(Epsilon);
    }
}
