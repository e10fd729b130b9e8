namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a byte-level BPE tokenizer is trained.</summary>
public sealed record ByteLevelBpeTrainerOptions
{
    /// <summary>Entries of the vocabulary, special tokens and bytes included; default 4096, at least 256 plus the number of special tokens. A small corpus gives fewer.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>How often a pair must occur to be merged; default 2, at least 1.</summary>
    public int MinimumFrequency { get; init; } = 2;

    /// <summary>Tokens with the first ids, in this order, which stand for something that isn't text; default <c>&lt;|endoftext|&gt;</c> alone. Not empty strings, none twice.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<|endoftext|>"];

    /// <summary>Whether all 256 bytes are tokens, so that any text can be encoded; default true. False takes those that occur in the documents: bytes that don't vanish from texts that are encoded later.</summary>
    public bool AllBytes { get; init; } = true;

    /// <summary>Bytes that a token has at most, at least 2; default null, no limit.</summary>
    public int? MaximumTokenLength { get; init; }

    /// <summary>How texts are split into words; default GPT-2's way, without a space before the text.</summary>
    public TextPreTokenizer PreTokenizer { get; init; } = TextPreTokenizer.ByteLevel();
}
