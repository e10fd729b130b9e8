using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Encodings by any tokenizer of Microsoft.ML.Tokenizers, as far as the base class tells: no words, no special tokens.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="vocabularySize">One more than the largest id; null where nobody knows.</param>
/// <param name="truncation">How texts are cut; null: not.</param>
/// <param name="padding">How they are padded, to a length; null: not.</param>
internal sealed class OtherTokenizerEncoder(Tokenizer tokenizer, int? vocabularySize, TruncationOptions? truncation, PaddingOptions? padding)
{
    private readonly string _padding = padding is null ? "" : tokenizer.Decode([padding.Id]) ?? "";

    /// <summary>Encodes a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="withTokens">Whether tokens are spelled; their spans are then those that the tokenizer tells.</param>
    /// <param name="withOffsets">Whether those spans must be of the text as it was given.</param>
    /// <exception cref="InvalidOperationException">The tokenizer contradicts itself or what is said of it.</exception>
    public TextEncoding Encode(string text, bool withTokens, bool withOffsets)
    {
        var buffer = new TokenBuffer();
        var ids = tokenizer.EncodeToIds(text);
        var tokens = withTokens ? Tokens(text, ids, withOffsets) : null;
        for (var i = 0; i < ids.Count; i++)
        {
            if (ids[i] < 0 || ids[i] >= vocabularySize)
                throw new InvalidOperationException($"The vocabulary has {vocabularySize?.ToString() ?? "no negative"} entries, but the tokenizer gave the id {ids[i]}. Correct {nameof(TokenizerFacts)}.{nameof(TokenizerFacts.VocabularySize)}.");
            buffer.Add(ids[i], tokens is null ? default : Span(tokens[i].Offset, text), TextEncoding.NoWord);
            if (tokens is not null)
                buffer.Spell(tokens[i].Value);
        }
        var encoded = EncodedTokens.OfText(buffer);
        if (truncation is not null)
            encoded = encoded.Truncate(truncation.MaximumLength, stride: 0, truncation.Side);
        if (padding is not null)
            encoded.Pad(padding.Length ?? encoded.Count, padding);
        return new TextEncoding(encoded, _ => _padding);
    }

    private IReadOnlyList<EncodedToken> Tokens(string text, IReadOnlyList<int> ids, bool withOffsets)
    {
        var tokens = tokenizer.EncodeToTokens(text, out var normalized);
        if (withOffsets && normalized is not null && normalized != text)
            throw new InvalidOperationException($"The {tokenizer.GetType().Name} tells offsets into a text that it changed, so offsets into the text itself are not known. Ask for no offsets.");
        if (!tokens.Select(token => token.Id).SequenceEqual(ids))
            throw new InvalidOperationException($"The {tokenizer.GetType().Name} gives other tokens ({tokens.Count}) than ids ({ids.Count}) for the same text, so ids have no tokens. Ask for ids alone.");
        return tokens;
    }

    private static TokenSpan Span(Range range, string text)
    {
        var (start, end) = (range.Start.GetOffset(text.Length), range.End.GetOffset(text.Length));
        return new TokenSpan(start, end);
    }
}
