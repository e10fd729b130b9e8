using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>AdamW: Adam with decoupled decay (Loshchilov, Hutter: "Decoupled Weight Decay Regularization", 2019; torch.optim.AdamW).</summary>
public sealed record AdamWOptions : MomentOptions
{
    /// <summary>Creates the settings, all at their defaults.</summary>
    public AdamWOptions() => WeightDecay = 0.01;

    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001.</summary>
    public override double LearningRate { get; init; } = 1e-3;

    /// <summary>Whether the denominator never shrinks (Reddi and others: "On the Convergence of Adam and Beyond", 2018). Default false.</summary>
    public bool Amsgrad { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) => AdamRule.Optimizer(parameters, this, groups, Amsgrad, decoupled: true);

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => (Amsgrad ? 3 : 2) * CountOf(shape);
}
