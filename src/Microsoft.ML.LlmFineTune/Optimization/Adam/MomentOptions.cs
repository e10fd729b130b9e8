using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>What the optimizers of Adam's kind share: running means of the gradients and of their sizes.</summary>
public abstract record MomentOptions : OptimizerOptions
{
    private protected MomentOptions()
    {
    }

    /// <summary>Decay rate of the first moment, at least 0 and less than 1. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay rate of the second moment, at least 0 and less than 1. Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the denominator; greater than 0. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => 2 * CountOf(shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Below(Beta1, 0.0, 1.0);
        Require.Below(Beta2, 0.0, 1.0);
        Require.Positive(Epsilon);
    }
}
