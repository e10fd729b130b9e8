using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// Adafactor: the second moment of a matrix is kept as its row and column means (Shazeer, Stern: "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
/// 2018; transformers' Adafactor). With all defaults it is what Hugging Face's Trainer means by "adafactor". Decay is decoupled.
/// </summary>
public sealed record AdafactorOptions : OptimizerOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001. With <see cref="RelativeStep"/> only the schedule's factor counts, not the peak.</summary>
    public override double LearningRate { get; init; } = 1e-3;

    /// <summary>Added to the squared gradients; greater than 0. Default 1e-30.</summary>
    public double GradientEpsilon { get; init; } = 1e-30;

    /// <summary>The least size of a parameter that <see cref="ScaleParameter"/> counts with; greater than 0. Default 0.001.</summary>
    public double ScaleEpsilon { get; init; } = 1e-3;

    /// <summary>The root mean square above which a parameter's update is scaled down to it; greater than 0. Default 1.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>The exponent c of the second moment's decay rate in step t, 1 - t^c; less than 0. Default -0.8.</summary>
    public double DecayExponent { get; init; } = -0.8;

    /// <summary>Decay rate of a first moment of the updates, at least 0 and less than 1. Default null: no first moment, and no memory for it.</summary>
    public double? Beta1 { get; init; }

    /// <summary>Whether the rate is multiplied by the parameter's root mean square. Default false.</summary>
    public bool ScaleParameter { get; init; }

    /// <summary>Whether the rate in step t is min(0.01, 1 / sqrt(t)) times the schedule's factor. Default false.</summary>
    public bool RelativeStep { get; init; }

    /// <summary>Whether the rate of <see cref="RelativeStep"/> begins with min(1e-6 t, 1 / sqrt(t)). Default false.</summary>
    public bool WarmupInitialization { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) => new AdafactorOptimizer(parameters, this, groups);

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight)
    {
        long count = CountOf(shape), moment = Beta1 is null ? 0 : count;
        return moment + (shape.Count < 2 || count == 0 ? count : (count / shape[^1]) + (count / shape[^2]));
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Positive(GradientEpsilon);
        Require.Positive(ScaleEpsilon);
        Require.Positive(ClipThreshold);
        Require.Argument(DecayExponent < 0 && double.IsFinite(DecayExponent), FormattableString.Invariant($"DecayExponent must be less than 0; received {DecayExponent}."), nameof(DecayExponent));
        if (Beta1 is double beta1) Require.Below(beta1, 0.0, 1.0, nameof(Beta1));
        Require.Argument(!WarmupInitialization || RelativeStep, "WarmupInitialization changes the rate of RelativeStep, which is off; set RelativeStep too.", nameof(WarmupInitialization));
    }
}
