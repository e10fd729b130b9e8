using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>An optimizer's settings. Immutable; each optimizer has a record of its own.</summary>
public abstract record OptimizerOptions
{
    private protected OptimizerOptions()
    {
    }

    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Each optimizer has a default of its own.</summary>
    public abstract double LearningRate { get; init; }

    /// <summary>Decay coefficient; 0 or greater. Decoupled decay multiplies weights by 1 - rate * decay, coupled decay adds decay * weight to the gradient; which one it is each optimizer says. Default 0; 0.01 in AdamW, 0.1 in Muon.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Which parameters decay. Default <see cref="WeightDecayScope.Matrices"/>.</summary>
    public WeightDecayScope Decays { get; init; }

    /// <summary>Makes the optimizer, its state as before the first step.</summary>
    /// <param name="parameters">What it changes; not owned.</param>
    /// <param name="groups">Parameters with settings of their own; null: none.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a group names a parameter that does not exist or that another group names.</exception>
    public abstract FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null);

    /// <summary>How many numbers the optimizer remembers about a parameter.</summary>
    /// <param name="shape">The parameter's shape.</param>
    /// <param name="role">What it is for.</param>
    public abstract long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight);

    /// <summary>The memory of what the optimizer remembers about a parameter, in bytes; 4 a number unless weights are float64.</summary>
    /// <param name="shape">The parameter's shape.</param>
    /// <param name="role">What it is for.</param>
    public long StateBytes(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => sizeof(float) * StateCount(shape, role);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public virtual void Validate()
    {
        Require.Positive(LearningRate);
        Require.NotNegative(WeightDecay);
        Require.Argument(Enum.IsDefined(Decays), $"Decays must be one of {string.Join(", ", Enum.GetNames<WeightDecayScope>())}; received {Decays}.", nameof(Decays));
    }

    /// <summary>The decay of a parameter that is in no group with a decay of its own.</summary>
    internal virtual double DecayOf(FlatParameter parameter) => Decays switch
    {
        WeightDecayScope.Matrices => parameter.Shape.Count >= 2,
        WeightDecayScope.AllButBiasesAndNorms => parameter.Role is not (ParameterRole.Bias or ParameterRole.Normalization),
        _ => true,
    } ? WeightDecay : 0;

    /// <summary>Which of the optimizer's methods changes a parameter, where it has more than one; parameters of different methods are not put together.</summary>
    internal virtual int MethodOf(FlatParameter parameter) => 0;

    private protected static long CountOf(IReadOnlyList<long> shape) => Require.NotNull(shape).Aggregate(1L, (product, size) => product * size);
}
