using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>
/// Prefix tuning (Li, Liang: "Prefix-Tuning: Optimizing Continuous Prompts for Generation", 2021), without the network that makes the prefix: trained keys and values stand before those of every text in every
/// layer. They take positions of the model.
/// </summary>
public sealed record PrefixTuningOptions : AdapterOptions
{
    /// <inheritdoc/>
    public override string Kind => "PREFIX_TUNING";

    /// <summary>How many virtual tokens (<c>num_virtual_tokens</c>); default 20; at least 1.</summary>
    public int VirtualTokens { get; init; } = 20;

    internal override int TakenPositions => VirtualTokens;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.AtLeast(VirtualTokens, 1);
    }
}
