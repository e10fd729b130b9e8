using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// How SentencePiece's own trainer (Kudo and Richardson 2018, arXiv:1808.06226) is run, for BPE and for Unigram; names, defaults and ranges are those of its <c>TrainerSpec</c> and <c>NormalizerSpec</c>, and results those of one thread.
/// Texts are sentences: the trainer takes one line of a file for one.
/// </summary>
public sealed record SentencePieceTrainerOptions
{
    /// <summary>Unigram or BPE; default Unigram. Whole words and characters need no training.</summary>
    public SentencePieceAlgorithm Algorithm { get; init; } = SentencePieceAlgorithm.Unigram;

    /// <summary>Entries of the vocabulary, all kinds of pieces included; default 8,000, at least 1.</summary>
    public int VocabularySize { get; init; } = 8_000;

    /// <summary>Whether texts that don't give so many pieces are an error; default true. False takes <see cref="VocabularySize"/> as the most that there may be.</summary>
    public bool HardVocabularyLimit { get; init; } = true;

    /// <summary>The part of all characters of the texts that the most frequent characters must cover, which then are pieces, from 0.98 to 1; default 0.9995. The others are unknown.</summary>
    public float CharacterCoverage { get; init; } = 0.9995f;

    /// <summary>Characters that are pieces however rare they are; default none.</summary>
    public string RequiredCharacters { get; init; } = "";

    /// <summary>Code points that a piece has at most, from 1 to 512; default 16.</summary>
    public int MaximumPieceLength { get; init; } = 16;

    /// <summary>UTF-8 bytes that a text has at most, from 10 to 2^30; default 4,192. Longer ones are left out.</summary>
    public int MaximumSentenceLength { get; init; } = 4_192;

    /// <summary>Whether characters of different scripts are never in one piece; default true. Han, Hiragana and Katakana count as one.</summary>
    public bool SplitByUnicodeScript { get; init; } = true;

    /// <summary>Whether digits are never in one piece with letters; default true. Only with <see cref="SplitByUnicodeScript"/>.</summary>
    public bool SplitByNumber { get; init; } = true;

    /// <summary>Whether every digit is a piece by itself; default false.</summary>
    public bool SplitDigits { get; init; }

    /// <summary>Whether white space stands at the border of pieces alone; default true. False allows pieces of several words.</summary>
    public bool SplitByWhitespace { get; init; } = true;

    /// <summary>Whether white space belongs to the word before it; default false, to the word after it.</summary>
    public bool TreatWhitespaceAsSuffix { get; init; }

    /// <summary>Whether there are pieces of several spaces and nothing else; default false.</summary>
    public bool AllowWhitespaceOnlyPieces { get; init; }

    /// <summary>What no piece may reach across, where it stands in texts; it is left out of them. Default empty: nothing.</summary>
    public string PretokenizationDelimiter { get; init; } = "";

    /// <summary>How texts are normalized before white space is looked at; default NFKC after the rules for machine translation (which is nearly what the trainer calls <c>nmt_nfkc</c>). Null: not at all. The rules of an existing model, exactly: <see cref="TextNormalizer.Parse"/> with its charsmap.</summary>
    public TextNormalizer? Normalizer { get; init; } = TextNormalizer.Sequence(TextNormalizer.Nmt, TextNormalizer.Nfkc);

    /// <summary>Whether a text gets a space before it (behind it, with <see cref="TreatWhitespaceAsSuffix"/>); default true.</summary>
    public bool AddDummyPrefix { get; init; } = true;

    /// <summary>Whether spaces at the ends of a text and all but one of several are removed; default true.</summary>
    public bool RemoveExtraWhitespaces { get; init; } = true;

    /// <summary>Whether there are pieces for the 256 bytes, of which characters outside of the vocabulary are made; default false.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Pieces that are never found in texts; default none. Not empty, none twice.</summary>
    public IReadOnlyList<string> ControlSymbols { get; init; } = [];

    /// <summary>Pieces that are always one piece where they stand in texts; default none. Not empty, none twice.</summary>
    public IReadOnlyList<string> UserDefinedSymbols { get; init; } = [];

    /// <summary>The id of the unknown piece, which there must be; default 0.</summary>
    public int UnknownId { get; init; }

    /// <summary>The id of the begin of a sequence; default 1, negative: there is none.</summary>
    public int BeginId { get; init; } = 1;

    /// <summary>The id of the end of a sequence; default 2, negative: there is none.</summary>
    public int EndId { get; init; } = 2;

    /// <summary>The id of padding; default -1, negative: there is none.</summary>
    public int PaddingId { get; init; } = -1;

    /// <summary>The unknown piece; default <c>&lt;unk&gt;</c>.</summary>
    public string UnknownPiece { get; init; } = "<unk>";

    /// <summary>The piece that begins a sequence; default <c>&lt;s&gt;</c>.</summary>
    public string BeginPiece { get; init; } = "<s>";

    /// <summary>The piece that ends a sequence; default <c>&lt;/s&gt;</c>.</summary>
    public string EndPiece { get; init; } = "</s>";

    /// <summary>The piece that pads; default <c>&lt;pad&gt;</c>.</summary>
    public string PaddingPiece { get; init; } = "<pad>";

    /// <summary>Unigram: pieces to begin with beside the characters, at least 1; default 1,000,000.</summary>
    public int SeedSize { get; init; } = 1_000_000;

    /// <summary>Unigram: the part of the pieces that each round of pruning keeps, from 0.5 to 0.95; default 0.75.</summary>
    public float ShrinkingFactor { get; init; } = 0.75f;

    /// <summary>Unigram: estimations between two rounds of pruning, from 1 to 10; default 2.</summary>
    public int SubIterations { get; init; } = 2;

    /// <summary>Hears how far training has come, on the thread that trains; default null. What it throws ends training.</summary>
    public IProgress<TokenizerTrainingProgress>? Progress { get; init; }

    internal void Validate()
    {
        Require.Argument(Algorithm is SentencePieceAlgorithm.Unigram or SentencePieceAlgorithm.Bpe, $"{nameof(Algorithm)} must be {SentencePieceAlgorithm.Unigram} or {SentencePieceAlgorithm.Bpe}; received {Algorithm}.", nameof(Algorithm));
        Require.AtLeast(VocabularySize, 1, nameof(VocabularySize));
        Require.Within(CharacterCoverage, 0.98f, 1, nameof(CharacterCoverage));
        Require.NotNull(RequiredCharacters, nameof(RequiredCharacters));
        Require.Within(MaximumPieceLength, 1, 512, nameof(MaximumPieceLength));
        Require.Within(MaximumSentenceLength, 10, 1 << 30, nameof(MaximumSentenceLength));
        Require.NotNull(PretokenizationDelimiter, nameof(PretokenizationDelimiter));
        TokenizerTrainerOptions.RequireTexts(ControlSymbols, nameof(ControlSymbols));
        TokenizerTrainerOptions.RequireTexts(UserDefinedSymbols, nameof(UserDefinedSymbols));
        foreach (var (text, name) in (ReadOnlySpan<(string, string)>)[(UnknownPiece, nameof(UnknownPiece)), (BeginPiece, nameof(BeginPiece)), (EndPiece, nameof(EndPiece)), (PaddingPiece, nameof(PaddingPiece))])
            Require.Argument(!string.IsNullOrEmpty(text), $"{name} must have at least one character.", name);
        Require.AtLeast(SeedSize, 1, nameof(SeedSize));
        Require.Within(ShrinkingFactor, 0.5f, 0.95f, nameof(ShrinkingFactor));
        Require.Within(SubIterations, 1, 10, nameof(SubIterations));
    }
}
