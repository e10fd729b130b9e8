using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>NAdam: Adam that looks ahead along the first moment, whose decay rate rises with the steps (Dozat: "Incorporating Nesterov Momentum into Adam", 2016; torch.optim.NAdam).</summary>
public sealed record NAdamOptions : MomentOptions
{
    /// <summary>The peak learning rate, which a schedule multiplies; greater than 0. Default 0.002.</summary>
    public override double LearningRate { get; init; } = 2e-3;

    /// <summary>How fast the first moment's decay rate rises to <see cref="MomentOptions.Beta1"/>; 0 or greater. Default 0.004.</summary>
    public double MomentumDecay { get; init; } = 4e-3;

    /// <summary>Whether decay multiplies the weights instead of being added to the gradient. Default false, as in torch.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override FlatOptimizer Create(FlatParameters parameters, IReadOnlyList<ParameterGroup>? groups = null) => new NAdamOptimizer(parameters, this, groups);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.NotNegative(MomentumDecay);
    }
}
