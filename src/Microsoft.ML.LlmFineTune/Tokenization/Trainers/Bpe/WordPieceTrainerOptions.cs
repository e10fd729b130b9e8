namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How WordPiece is trained, as Hugging Face's <c>WordPieceTrainer</c> does: the vocabulary of byte pair encoding over symbols that know whether they begin a word.</summary>
public sealed record WordPieceTrainerOptions : TokenizerTrainerOptions
{
    /// <summary>Entries of the vocabulary, special tokens and alphabet included; default 30,000, at least 1. A small corpus gives fewer; a larger alphabet is kept whole.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>How often a pair must occur to be merged; default 0, which is the same as 1. At least 0.</summary>
    public long MinimumFrequency { get; init; }

    /// <summary>Different characters that are kept at most, at least 1; default null, all. The rarest are dropped from all words; of equally frequent ones that with the larger code point is dropped first.</summary>
    public int? AlphabetLimit { get; init; }

    /// <summary>Characters that are tokens whether or not they occur; of each text its first character. Default none; not empty.</summary>
    public IReadOnlyCollection<string> InitialAlphabet { get; init; } = [];

    /// <summary>What pieces that don't begin a word begin with; default <c>##</c>. The model must be told the same.</summary>
    public string ContinuingSubwordPrefix { get; init; } = "##";

    /// <summary>What the last symbol of a word ends with; default null, nothing.</summary>
    public string? EndOfWordSuffix { get; init; }

    internal BpeTrainerOptions ForBpe() => new()
    {
        SpecialTokens = SpecialTokens,
        MaximumDistinctWords = MaximumDistinctWords,
        Progress = Progress,
        VocabularySize = VocabularySize,
        MinimumFrequency = MinimumFrequency,
        AlphabetLimit = AlphabetLimit,
        InitialAlphabet = InitialAlphabet,
        ContinuingSubwordPrefix = ContinuingSubwordPrefix,
        EndOfWordSuffix = EndOfWordSuffix,
    };

    internal override void Validate() => ForBpe().Validate();
}
