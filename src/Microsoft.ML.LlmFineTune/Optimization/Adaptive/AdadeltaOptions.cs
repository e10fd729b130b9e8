using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adadelta: gradients times the ratio of past steps' size to past gradients' size (Zeiler: "ADADELTA: An Adaptive Learning Rate Method", 2012; torch.optim.Adadelta).</summary>
public sealed record AdadeltaOptions : OptimizerOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 1.</summary>
    public override double LearningRate { get; init; } = 1;

    /// <summary>Decay rate of both mean squares, at least 0 and less than 1. Default 0.9.</summary>
    public double Rho { get; init; } = 0.9;

    /// <summary>Added under both roots; greater than 0. Default 1e-6.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Whether decay multiplies the weights instead of being added to the gradient. Default false, as in torch.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) =>
        new FormulaOptimizer<AdadeltaRule>(parameters, this, groups, DecoupledDecay, hasMomentum: false, [("square_avg", 0), ("acc_delta", 0)], step => new AdadeltaRule(this, step.Rate));

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => 2 * CountOf(shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Below(Rho, 0.0, 1.0);
        Require.Positive(Epsilon);
    }
}
