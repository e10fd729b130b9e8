using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Parameters that share settings. Those that no group names are in a group of their own, <see cref="Rest"/>, with a rate factor of 1.</summary>
/// <param name="Name">Its name; not <see cref="Rest"/>.</param>
/// <param name="Parameters">Names of parameters, as <see cref="FlatParameter.Name"/> has them.</param>
public sealed record ParameterGroup(string Name, IReadOnlyList<string> Parameters)
{
    /// <summary>The name of the group of all other parameters.</summary>
    public const string Rest = "rest";

    /// <summary>Multiplies the learning rate; 0 or greater. Default 1.</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>Decay of every parameter of the group, whatever the optimizer's <see cref="OptimizerOptions.Decays"/> says; 0 or greater. Default null: as the optimizer's options say.</summary>
    public double? WeightDecay { get; init; }
}
