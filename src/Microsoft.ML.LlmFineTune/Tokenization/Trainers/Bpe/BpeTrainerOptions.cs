using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How byte pair encoding is trained (Sennrich et al. 2016, arXiv:1508.07909), as Hugging Face's <c>BpeTrainer</c> does.</summary>
public sealed record BpeTrainerOptions : TokenizerTrainerOptions
{
    /// <summary>Entries of the vocabulary, special tokens and alphabet included; default 30,000, at least 1. A small corpus gives fewer; a larger alphabet is kept whole.</summary>
    public int VocabularySize { get; init; } = 30_000;

    /// <summary>How often a pair must occur to be merged; default 0, which is the same as 1. At least 0.</summary>
    public long MinimumFrequency { get; init; }

    /// <summary>Different characters that are kept at most, at least 1; default null, all. The rarest are dropped from all words; of equally frequent ones that with the larger code point is dropped first.</summary>
    public int? AlphabetLimit { get; init; }

    /// <summary>Characters that are tokens whether or not they occur; of each text its first character. Default none; not empty. <see cref="ByteAlphabet"/> holds those of byte-level tokenizers.</summary>
    public IReadOnlyCollection<string> InitialAlphabet { get; init; } = [];

    /// <summary>What symbols that don't begin a word begin with, such as <c>##</c>; default null, nothing.</summary>
    public string? ContinuingSubwordPrefix { get; init; }

    /// <summary>What the last symbol of a word ends with, such as <c>&lt;/w&gt;</c>; default null, nothing.</summary>
    public string? EndOfWordSuffix { get; init; }

    /// <summary>Symbols of the alphabet that a token is made of at most, at least 2; default null, no limit. Hugging Face's <c>max_token_length</c> is a bound that isn't reached: one more than this.</summary>
    public int? MaximumTokenLength { get; init; }

    /// <summary>The printable names of the 256 bytes, in the order of their code points: the initial alphabet of byte-level tokenizers.</summary>
    public static IReadOnlyList<string> ByteAlphabet { get; } = [.. Enumerable.Range(0, 256).Select(value => Tokenization.ByteAlphabet.NameOf((byte)value)).Order().Select(name => name.ToString())];

    internal override void Validate()
    {
        base.Validate();
        Require.AtLeast(VocabularySize, 1, nameof(VocabularySize));
        Require.Argument(VocabularySize >= SpecialTokens.Count, $"{nameof(VocabularySize)} must be at least the number of special tokens, {SpecialTokens.Count}; received {VocabularySize}.", nameof(VocabularySize));
        Require.AtLeast(MinimumFrequency, 0, nameof(MinimumFrequency));
        if (AlphabetLimit is { } limit)
            Require.AtLeast(limit, 1, nameof(AlphabetLimit));
        RequireTexts(InitialAlphabet, nameof(InitialAlphabet));
        if (MaximumTokenLength is { } length)
            Require.AtLeast(length, 2, nameof(MaximumTokenLength));
    }
}
