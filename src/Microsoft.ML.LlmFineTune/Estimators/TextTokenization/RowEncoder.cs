using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Estimators.TextTokenization;

/// <summary>Encodes the rows of a window. What a tokenizer can't give is refused when it is made, before any work.</summary>
internal abstract class RowEncoder
{
    /// <summary>An encoding for each row, in order.</summary>
    /// <param name="texts">The texts of the rows; of pairs both, one after the other.</param>
    internal abstract IReadOnlyList<TextEncoding> Encode(IReadOnlyList<string> texts);

    /// <exception cref="ArgumentException">An option doesn't fit the tokenizer.</exception>
    /// <exception cref="NotSupportedException">The tokenizer doesn't tell what an option asks for.</exception>
    internal static RowEncoder Of(Tokenizer tokenizer, TextTokenizationOptions options) => tokenizer is TokenizerModel model ? new ModelRowEncoder(model, options) : new OtherRowEncoder(tokenizer, options);

    /// <summary>The padding that the options ask for.</summary>
    /// <param name="options">The options.</param>
    /// <param name="padding">The tokenizer's own padding token.</param>
    /// <param name="vocabularySize">One more than the largest id; null where nobody knows.</param>
    /// <param name="typeId">The type id of padding.</param>
    private protected static PaddingOptions? PaddingOf(TextTokenizationOptions options, int? padding, int? vocabularySize, int typeId = 0)
    {
        if (!options.PadToMaximum)
            return null;
        var id = options.PaddingId ?? options.Facts?.Padding ?? padding ?? throw new ArgumentException(
            $"Padding needs a token to pad with, and the tokenizer names none: give its id as {nameof(TextTokenizationOptions.PaddingId)}.", nameof(options));
        if (vocabularySize is { } size)
            Require.Below(id, 0, size, nameof(TextTokenizationOptions.PaddingId));
        return new PaddingOptions { Length = options.MaximumTokens, Id = id, TypeId = typeId, Side = options.PaddingSide, Token = null };
    }

    private protected static TruncationOptions? TruncationOf(TextTokenizationOptions options) => options.MaximumTokens is { } maximum
        ? new TruncationOptions { MaximumLength = maximum, Strategy = options.TruncationStrategy, Side = options.TruncationSide }
        : null;
}
