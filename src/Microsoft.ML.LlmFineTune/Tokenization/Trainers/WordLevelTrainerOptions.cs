using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a vocabulary of whole words is trained, as Hugging Face's <c>WordLevelTrainer</c> does.</summary>
public sealed record WordLevelTrainerOptions : TokenizerTrainerOptions
{
    /// <summary>Entries of the vocabulary, special tokens included; default 30,000, at least 1 and at least the number of special tokens.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>How often a word must occur; default 0, which is the same as 1. At least 0.</summary>
    public long MinimumFrequency { get; init; }

    internal override void Validate()
    {
        base.Validate();
        Require.AtLeast(VocabularySize, 1, nameof(VocabularySize));
        Require.Argument(VocabularySize >= SpecialTokens.Count, $"{nameof(VocabularySize)} must be at least the number of special tokens, {SpecialTokens.Count}; received {VocabularySize}.", nameof(VocabularySize));
        Require.AtLeast(MinimumFrequency, 0, nameof(MinimumFrequency));
    }
}
