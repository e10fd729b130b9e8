using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>RMSprop: gradients divided by the root of their running mean square (Hinton's lecture 6e of 2012; centered: Graves: "Generating Sequences With Recurrent Neural Networks", 2013; torch.optim.RMSprop).</summary>
public sealed record RmsPropOptions : OptimizerOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.01.</summary>
    public override double LearningRate { get; init; } = 1e-2;

    /// <summary>Decay rate of the mean square, at least 0 and less than 1. Default 0.99.</summary>
    public double Alpha { get; init; } = 0.99;

    /// <summary>Added to the root; greater than 0. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>What the running sum of steps keeps of itself, at least 0 and less than 1. Default 0: none.</summary>
    public double Momentum { get; init; }

    /// <summary>Whether the square of the mean gradient is taken off the mean square. Default false.</summary>
    public bool Centered { get; init; }

    /// <summary>Whether decay multiplies the weights instead of being added to the gradient. Default false, as in torch.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) =>
        new FormulaOptimizer<RmsPropRule>(parameters, this, groups, DecoupledDecay, hasMomentum: Momentum > 0, [("square_avg", 0), .. Centered ? [("grad_avg", 0.0)] : Array.Empty<(string, double)>(), .. Momentum > 0 ? [("momentum_buffer", 0.0)] : Array.Empty<(string, double)>()], step => new RmsPropRule(this, step.Momentum ?? Momentum, step.Rate));

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => (1 + (Centered ? 1 : 0) + (Momentum > 0 ? 1 : 0)) * CountOf(shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Below(Alpha, 0.0, 1.0);
        Require.Positive(Epsilon);
        Require.Below(Momentum, 0.0, 1.0);
    }
}
