using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Tokens as the tokenizer's own post-processor frames them: [CLS] text [SEP], for example. Its own truncation and padding sections are not used.</summary>
internal sealed class SpecialTokenFrame : TextFrame
{
    private readonly TokenizerModel _tokenizer;
    private readonly EncodingOptions _options;

    /// <exception cref="ArgumentException">The special tokens leave no room for a text.</exception>
    internal SpecialTokenFrame(TokenizerModel tokenizer, int padding, int maximumTokens) : base(padding, maximumTokens)
    {
        _tokenizer = tokenizer;
        int special = tokenizer.PostProcessor?.AddedTokens(pair: false) ?? 0;
        Require.Argument(maximumTokens > special, $"Texts need more tokens than the {special} special ones that stand around them; received {maximumTokens}.", nameof(maximumTokens));
        _options = new EncodingOptions { Truncation = new TruncationOptions { MaximumLength = maximumTokens } };
    }

    internal override int[][] Encode(IReadOnlyList<string> texts, out TruncationReport truncation)
    {
        var encodings = _tokenizer.EncodeBatch(texts, _options);
        truncation = TruncationReport.Of(encodings);
        return [.. encodings.Select(text => (int[])[.. text.Ids])];
    }
}
