namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a tokenizer is made of: the sections of a tokenizer.json.</summary>
/// <param name="Model">Cuts words into tokens.</param>
internal sealed record TokenizerParts(VocabularyModel Model)
{
    public TextNormalizer? Normalizer { get; init; }

    public TextPreTokenizer? PreTokenizer { get; init; }

    public TokenPostProcessor? PostProcessor { get; init; }

    public TokenDecoder? Decoder { get; init; }

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public TruncationOptions? Truncation { get; init; }

    public PaddingOptions? Padding { get; init; }

    /// <summary>What a tokenizer_config.json says besides; null where nothing was said.</summary>
    public TokenizerConfig? Config { get; init; }
}
