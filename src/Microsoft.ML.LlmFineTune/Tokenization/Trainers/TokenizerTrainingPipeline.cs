namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a trained tokenizer does around its model. Texts to train on are normalized and split by it, too.</summary>
public sealed record TokenizerTrainingPipeline
{
    /// <summary>What is done to a text first; default null, nothing.</summary>
    public TextNormalizer? Normalizer { get; init; }

    /// <summary>How texts are split into words; default null, a text is one word. No piece reaches across words.</summary>
    public TextPreTokenizer? PreTokenizer { get; init; }

    /// <summary>What is done to the tokens; default null, nothing.</summary>
    public TokenPostProcessor? PostProcessor { get; init; }

    /// <summary>How tokens become text; default null, joined with spaces.</summary>
    public TokenDecoder? Decoder { get; init; }

    /// <summary>The token for what the vocabulary doesn't have; it should be among the special tokens. Default null: that of the model, which is none for BPE, <c>[UNK]</c> for WordPiece and <c>&lt;unk&gt;</c> for words. Unigram takes <see cref="UnigramTrainerOptions.UnknownToken"/>.</summary>
    public string? UnknownToken { get; init; }
}
