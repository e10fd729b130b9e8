using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// Adafactor as torch has it (torch.optim.Adafactor): the rate never exceeds 1 / sqrt(t), is always multiplied by the parameter's root mean square, and the small
/// constants stand in the denominators. No first moment. Decay is decoupled, by the rate before it is scaled.
/// </summary>
public sealed record CappedAdafactorOptions : OptimizerOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.01.</summary>
    public override double LearningRate { get; init; } = 1e-2;

    /// <summary>The exponent c of the second moment's decay rate in step t, 1 - t^c; less than 0. Default -0.8.</summary>
    public double DecayExponent { get; init; } = -0.8;

    /// <summary>The least value of denominators; greater than 0. Default null: the distance from 1 to the next number of the weights' type.</summary>
    public double? DenominatorEpsilon { get; init; }

    /// <summary>The least size of a parameter that its rate is multiplied by; greater than 0. Default 0.001.</summary>
    public double ScaleEpsilon { get; init; } = 1e-3;

    /// <summary>The root mean square above which a parameter's update is scaled down to it; at least 1. Default 1.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) => new CappedAdafactorOptimizer(parameters, this, groups);

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight)
    {
        long count = CountOf(shape);
        return shape.Count < 2 || count == 0 ? count : (count / shape[^1]) + (count / shape[^2]);
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Argument(DecayExponent < 0 && double.IsFinite(DecayExponent), FormattableString.Invariant($"DecayExponent must be less than 0; received {DecayExponent}."), nameof(DecayExponent));
        if (DenominatorEpsilon is double epsilon) Require.Positive(epsilon, nameof(DenominatorEpsilon));
        Require.Positive(ScaleEpsilon);
        Require.AtLeast(ClipThreshold, 1);
    }
}
