using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>What stands on a backbone and answers a task. Families have heads of their own where the published ones differ.</summary>
public abstract class HeadModule : nn.Module
{
    /// <summary>For the kinds of heads.</summary>
    protected HeadModule(string name) : base(name)
    {
    }

    /// <summary>Which tensor of a checkpoint is which parameter of the head.</summary>
    public abstract IReadOnlyList<WeightName> WeightNames { get; }

    /// <summary>Draws the weights as the family's published scheme does.</summary>
    /// <param name="random">Where the draws come from.</param>
    public abstract void Initialize(RandomStream random);
}
