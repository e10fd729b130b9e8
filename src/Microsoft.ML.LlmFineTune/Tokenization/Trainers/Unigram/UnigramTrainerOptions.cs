using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a unigram language model is trained (Kudo 2018, arXiv:1804.10959), as Hugging Face's <c>UnigramTrainer</c> does.</summary>
public sealed record UnigramTrainerOptions : TokenizerTrainerOptions
{
    /// <summary>Entries of the vocabulary, special tokens and all characters of the texts included; default 8,000. At least the number of special tokens plus that of different characters (which is known when the texts are).</summary>
    public int VocabularySize { get; init; } = 8_000;

    /// <summary>The token of unknown characters; default null, none. It has the place that it has among the special tokens; if it isn't one of them it becomes id 0, before all others.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Characters that are pieces whether or not they occur; of each text its first character. Default none; not empty.</summary>
    public IReadOnlyCollection<string> InitialAlphabet { get; init; } = [];

    /// <summary>The part of the pieces that each round of pruning keeps, more than 0 and less than 1; default 0.75.</summary>
    public double ShrinkingFactor { get; init; } = 0.75;

    /// <summary>Code points that a piece has at most, at least 1; default 16.</summary>
    public int MaximumPieceLength { get; init; } = 16;

    /// <summary>Estimations between two rounds of pruning, at least 1; default 2.</summary>
    public int SubIterations { get; init; } = 2;

    /// <summary>Pieces to begin with, at least 1; default 1,000,000. Single characters are never left out.</summary>
    public int SeedSize { get; init; } = 1_000_000;

    internal override void Validate()
    {
        base.Validate();
        Require.AtLeast(VocabularySize, 1, nameof(VocabularySize));
        Require.Argument(UnknownToken != "", $"{nameof(UnknownToken)} must have at least one character, or be null; received an empty one.", nameof(UnknownToken));
        var tokens = SpecialTokens.Concat(UnknownToken is null ? [] : [UnknownToken]).Distinct().Count();
        Require.Argument(VocabularySize > tokens, $"{nameof(VocabularySize)} must be more than the number of special tokens, {tokens}; received {VocabularySize}.", nameof(VocabularySize));
        RequireTexts(InitialAlphabet, nameof(InitialAlphabet));
        Require.Argument(ShrinkingFactor is > 0 and < 1, FormattableString.Invariant($"{nameof(ShrinkingFactor)} must be more than 0 and less than 1; received {ShrinkingFactor}."), nameof(ShrinkingFactor));
        Require.AtLeast(MaximumPieceLength, 1, nameof(MaximumPieceLength));
        Require.AtLeast(SubIterations, 1, nameof(SubIterations));
        Require.AtLeast(SeedSize, 1, nameof(SeedSize));
    }
}
