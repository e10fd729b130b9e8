using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators.TextTokenization;

/// <summary>Rows through one of our tokenizers.</summary>
internal sealed class ModelRowEncoder : RowEncoder
{
    private readonly TokenizerModel _tokenizer;
    private readonly TextTokenizationOptions _options;
    private readonly EncodingOptions _encoding;

    internal ModelRowEncoder(TokenizerModel tokenizer, TextTokenizationOptions options)
    {
        (_tokenizer, _options) = (tokenizer, options);
        int special = options.AddSpecialTokens ? tokenizer.PostProcessor?.AddedTokens(options.PairColumnName is not null) ?? 0 : 0;
        if (options.MaximumTokens is { } maximum)
            Require.Argument(maximum >= special, $"{nameof(options.MaximumTokens)} must be at least {special}, for the special tokens alone; received {maximum}.", nameof(options.MaximumTokens));
        _encoding = new EncodingOptions
        {
            AddSpecialTokens = options.AddSpecialTokens,
            Truncation = TruncationOf(options),
            Padding = PaddingOf(options, tokenizer.Padding, tokenizer.VocabularySize, tokenizer.DefaultOptions.Padding?.TypeId ?? 0),
        };
    }

    internal override IReadOnlyList<TextEncoding> Encode(IReadOnlyList<string> texts)
    {
        if (_options.PairColumnName is null)
            return _tokenizer.EncodeBatch(texts, _encoding, _options.Cancellation);
        var pairs = new EncodingInput[texts.Count / 2];
        for (int row = 0; row < pairs.Length; row++)
            pairs[row] = EncodingInput.Of(texts[2 * row], texts[(2 * row) + 1]);
        return _tokenizer.EncodeBatch(pairs, _encoding, _options.Cancellation);
    }
}
