using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Stochastic gradient descent, plain or with momentum (torch.optim.SGD; Sutskever and others: "On the importance of initialization and momentum in deep learning", 2013).</summary>
public sealed record SgdOptions : OptimizerOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001.</summary>
    public override double LearningRate { get; init; } = 1e-3;

    /// <summary>What the running sum of gradients keeps of itself at each step, at least 0 and less than 1. Default 0: none, and no state.</summary>
    public double Momentum { get; init; }

    /// <summary>The part of each gradient that the running sum leaves out, the first one excepted; from 0 to 1. Default 0.</summary>
    public double Dampening { get; init; }

    /// <summary>Whether the step looks ahead along the momentum (Nesterov's). Needs momentum, and no dampening. Default false.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Whether decay multiplies the weights instead of being added to the gradient. Default false, as in torch.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) =>
        new FormulaOptimizer<SgdRule>(parameters, this, groups, DecoupledDecay, hasMomentum: Momentum > 0, Momentum > 0 ? [("momentum_buffer", 0)] : [], step => new SgdRule(this, step.Momentum ?? Momentum, step.Rate, step.Step));

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => Momentum > 0 ? CountOf(shape) : 0;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Below(Momentum, 0.0, 1.0);
        Require.Within(Dampening, 0.0, 1.0);
        Require.Argument(!Nesterov || (Momentum > 0 && Dampening == 0), FormattableString.Invariant($"Nesterov needs a Momentum greater than 0 and a Dampening of 0; received {Momentum} and {Dampening}."), nameof(Nesterov));
    }
}
