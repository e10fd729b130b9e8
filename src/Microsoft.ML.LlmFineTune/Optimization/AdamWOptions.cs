using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>AdamW's settings (Loshchilov, Hutter: "Decoupled Weight Decay Regularization", 2019).</summary>
public sealed record AdamWOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decay rate of the first moment, at least 0 and less than 1. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay rate of the second moment, at least 0 and less than 1. Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the denominator; greater than 0. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decay coefficient, multiplied by the learning rate; 0 or greater. Default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Whether decay applies to vectors (biases, normalisation weights) as well as to matrices. Default false.</summary>
    public bool DecayVectors { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Positive(LearningRate);
        Require.Below(Beta1, 0.0, 1.0);
        Require.Below(Beta2, 0.0, 1.0);
        Require.Positive(Epsilon);
        Require.NotNegative(WeightDecay);
    }
}
