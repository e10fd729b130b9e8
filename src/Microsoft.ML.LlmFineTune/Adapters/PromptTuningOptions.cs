using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>Prompt tuning (Lester et al.: "The Power of Scale for Parameter-Efficient Prompt Tuning", 2021): trained embeddings stand before those of every text. They take positions of the model.</summary>
public sealed record PromptTuningOptions : AdapterOptions
{
    /// <inheritdoc/>
    public override string Kind => "PROMPT_TUNING";

    /// <summary>How many virtual tokens (<c>num_virtual_tokens</c>); default 20; at least 1.</summary>
    public int VirtualTokens { get; init; } = 20;

    /// <summary>
    /// Ids of tokens whose embeddings the virtual ones begin with, repeated or cut to their number: those of a text that says what the task is, for example (<c>prompt_tuning_init</c> TEXT). Default null:
    /// <see cref="BeginsWithVocabulary"/> decides.
    /// </summary>
    public IReadOnlyList<int>? InitialTokens { get; init; }

    /// <summary>Whether they begin with embeddings of tokens that are drawn (SAMPLE_VOCAB); default false: with normal draws (RANDOM).</summary>
    public bool BeginsWithVocabulary { get; init; }

    internal override int TakenPositions => VirtualTokens;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.AtLeast(VirtualTokens, 1);
        Require.Argument(InitialTokens is null || !BeginsWithVocabulary, $"{nameof(InitialTokens)} and {nameof(BeginsWithVocabulary)} exclude each other; received both.", nameof(InitialTokens));
        Require.Argument(InitialTokens is not { Count: 0 }, $"{nameof(InitialTokens)} must name at least one token; received none.", nameof(InitialTokens));
    }
}
