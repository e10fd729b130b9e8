using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// Muon: the momentum of a hidden layer's matrix is made nearly orthogonal before it is followed (Jordan and others: "Muon: An optimizer for hidden layers in neural
/// networks", 2024; torch.optim.Muon). Everything else, that is embeddings, heads, biases, norms and what has not two dimensions, is left to AdamW.
/// Decay is decoupled. The iteration runs in the masters' precision, where torch runs it in bfloat16.
/// </summary>
public sealed record MuonOptions : OptimizerOptions
{
    /// <summary>Creates the settings, all at their defaults.</summary>
    public MuonOptions() => WeightDecay = 0.1;

    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.001, as in torch; 0.02 is usual with <see cref="MuonAdjustment.Original"/>.</summary>
    public override double LearningRate { get; init; } = 1e-3;

    /// <summary>Decay rate of the mean gradient, at least 0 and less than 1. Default 0.95.</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>Whether the step looks ahead along the momentum. Default true.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>Rounds of the Newton-Schulz iteration, 1 to 100. Default 5.</summary>
    public int Iterations { get; init; } = 5;

    /// <summary>The polynomial of a round, aX + b(XX')X + c(XX')(XX')X. Default (3.4445, -4.7750, 2.0315).</summary>
    public (double A, double B, double C) Coefficients { get; init; } = (3.4445, -4.7750, 2.0315);

    /// <summary>The least norm that a momentum is divided by; greater than 0. Default 1e-7.</summary>
    public double Epsilon { get; init; } = 1e-7;

    /// <summary>How the step grows with the shape. Default <see cref="MuonAdjustment.Original"/>.</summary>
    public MuonAdjustment Adjustment { get; init; }

    /// <summary>The settings of everything that Muon does not change; its learning rate follows the same schedule. Default: AdamW's defaults.</summary>
    public AdamWOptions Others { get; init; } = new();

    /// <summary>Matrices that are left to <see cref="Others"/> although their role does not say so: names of trained parameters, as <see cref="FlatParameter.Name"/> has them. Default: none.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) => new MuonOptimizer(parameters, this, groups);

    /// <inheritdoc/>
    public override long StateCount(IReadOnlyList<long> shape, ParameterRole role = ParameterRole.Weight) => IsHiddenMatrix(Require.NotNull(shape), role) ? CountOf(shape) : Others.StateCount(shape, role);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Below(Momentum, 0.0, 1.0);
        Require.Within(Iterations, 1, 100);
        foreach (double coefficient in new[] { Coefficients.A, Coefficients.B, Coefficients.C }) Require.Finite(coefficient, nameof(Coefficients));
        Require.Positive(Epsilon);
        Require.Argument(Enum.IsDefined(Adjustment), $"Adjustment must be one of {string.Join(", ", Enum.GetNames<MuonAdjustment>())}; received {Adjustment}.", nameof(Adjustment));
        Require.NotNull(Others).Validate();
        Require.NotNull(LeftOut);
    }

    internal bool Takes(FlatParameter parameter) => IsHiddenMatrix(parameter.Shape, parameter.Role) && !LeftOut.Contains(parameter.Name);

    internal override double DecayOf(FlatParameter parameter) => Takes(parameter) ? base.DecayOf(parameter) : Others.DecayOf(parameter);

    internal override int MethodOf(FlatParameter parameter) => Takes(parameter) ? 0 : 1;

    private static bool IsHiddenMatrix(IReadOnlyList<long> shape, ParameterRole role) => shape.Count == 2 && role == ParameterRole.Weight;
}
