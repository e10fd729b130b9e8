using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Estimators.TextTokenization;

/// <summary>Rows through any tokenizer: what the base class can tell, which is ids, tokens and, where the tokenizer doesn't change texts, offsets.</summary>
internal sealed class OtherRowEncoder : RowEncoder
{
    private readonly TextTokenizationOptions _options;
    private readonly bool _offsets;
    private readonly bool _tokens;
    private readonly OtherTokenizerEncoder _encoder;

    internal OtherRowEncoder(Tokenizer tokenizer, TextTokenizationOptions options)
    {
        _options = options;
        foreach (var (value, name) in (ReadOnlySpan<(string?, string)>)
        [
            (options.PairColumnName, nameof(options.PairColumnName)), (options.SpecialTokensMaskColumnName, nameof(options.SpecialTokensMaskColumnName)),
            (options.TypeIdsColumnName, nameof(options.TypeIdsColumnName)), (options.WordIdsColumnName, nameof(options.WordIdsColumnName)),
        ])
        {
            if (value is not null)
                throw new NotSupportedException($"{name} needs a {nameof(TokenizerModel)}: a {tokenizer.GetType().Name} doesn't tell that. Leave it null, or load the tokenizer's files with {nameof(TokenizerModel)}.{nameof(TokenizerModel.LoadFolder)}.");
        }
        _offsets = (options.StartsColumnName ?? options.EndsColumnName) is not null;
        _tokens = _offsets || options.TokensColumnName is not null;
        if (_offsets && tokenizer.Normalizer is not null)
            throw new NotSupportedException($"{nameof(options.StartsColumnName)} and {nameof(options.EndsColumnName)} need a {nameof(TokenizerModel)}: a {tokenizer.GetType().Name} with a normalizer tells offsets into the normalized text alone. Leave them null.");
        if (options.IdType == TokenIdType.Key && options.IdsColumnName is not null && options.Facts is null)
            throw new ArgumentException($"Keys need the size of the vocabulary, which a {tokenizer.GetType().Name} doesn't tell: give it as {nameof(options.Facts)}.", nameof(options));
        if (options.Facts is not null)
            _ = TokenizerAdapter.Of(tokenizer, options.Facts);
        _encoder = new OtherTokenizerEncoder(tokenizer, options.Facts?.VocabularySize, TruncationOf(options), PaddingOf(options, null, options.Facts?.VocabularySize));
    }

    internal override IReadOnlyList<TextEncoding> Encode(IReadOnlyList<string> texts)
    {
        var encodings = new TextEncoding[texts.Count];
        ParallelWork.ForEach(texts.Count, threads: null, _options.Cancellation, row => encodings[row] = _encoder.Encode(texts[row], _tokens, _offsets));
        return encodings;
    }
}
