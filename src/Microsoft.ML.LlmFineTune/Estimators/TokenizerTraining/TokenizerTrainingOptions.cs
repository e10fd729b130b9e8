using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How a byte-level BPE tokenizer is trained on a text column.</summary>
public sealed record TokenizerTrainingOptions
{
    /// <summary>The text column. Default "Text".</summary>
    public string TextColumnName { get; init; } = "Text";

    /// <summary>The column of token ids, a vector of Int32 as long as the text has tokens. Default "Tokens".</summary>
    public string TokensColumnName { get; init; } = "Tokens";

    /// <summary>Entries of the vocabulary, special tokens and the 256 bytes included; at least 256 plus the number of special tokens. A small corpus gives fewer. Default 4096.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>How often a pair must occur to be merged; at least 1. Default 2.</summary>
    public int MinimumFrequency { get; init; } = 2;

    /// <summary>Tokens with the first ids, in this order, which stand for something that isn't text. Language models need one that ends a text. Default <c>&lt;|endoftext|&gt;</c> alone.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<|endoftext|>"];

    /// <summary>Hears how far training has come. Default: nobody.</summary>
    public IProgress<TokenizerTrainingProgress>? Progress { get; init; }

    /// <summary>Stops training; <c>Fit</c> then throws <see cref="OperationCanceledException"/>. Default: never.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Text(TextColumnName);
        Require.Text(TokensColumnName);
        Require.AtLeast(MinimumFrequency, 1);
        Require.NotNull(SpecialTokens);
        Require.Argument(SpecialTokens.Distinct().Count() == SpecialTokens.Count, "Special tokens must differ: one stands there twice.", nameof(SpecialTokens));
        _ = new ByteLevelBpeTrainer(ForTrainer());
    }

    internal BpeTrainerOptions ForTrainer() => ByteLevelBpeTrainer.Defaults with { VocabularySize = VocabularySize, MinimumFrequency = MinimumFrequency, SpecialTokens = SpecialTokens, Progress = Progress };
}
