using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adam, with coupled decay (Kingma, Ba: "Adam: A Method for Stochastic Optimization", 2015; torch.optim.Adam).</summary>
public sealed record AdamOptions : MomentOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001.</summary>
    public override double LearningRate { get; init; } = 1e-3;

    /// <summary>Whether the denominator never shrinks (Reddi and others: "On the Convergence of Adam and Beyond", 2018). Default false.</summary>
    public bool Amsgrad { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) => AdamRule.Optimizer(parameters, this, groups, Amsgrad, decoupled: false);

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => (Amsgrad ? 3 : 2) * CountOf(shape);
}
