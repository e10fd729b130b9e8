using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How tokens become text again: the decoders of Hugging Face's tokenizers. Immutable, safe for several threads.</summary>
public abstract class TokenDecoder
{
    private protected TokenDecoder()
    {
    }

    /// <summary>Reads the bytes that tokens spell as UTF-8; what isn't becomes U+FFFD.</summary>
    public static TokenDecoder ByteLevel { get; } = new ByteLevelDecoder();

    /// <summary>Reads runs of tokens such as <c>&lt;0xE2&gt;</c> as UTF-8; where they aren't, each becomes U+FFFD.</summary>
    public static TokenDecoder ByteFallback { get; } = new ByteFallbackDecoder();

    /// <summary>Joins all tokens to one, for the decoders behind it.</summary>
    public static TokenDecoder Fuse { get; } = new FuseDecoder();

    /// <summary>Puts a space before every token that doesn't begin with the prefix, which is dropped.</summary>
    /// <param name="prefix">What tokens that continue a word begin with; default <c>##</c>.</param>
    /// <param name="cleanup">Whether the space before punctuation and English contractions is dropped; default true.</param>
    public static TokenDecoder WordPiece(string prefix = "##", bool cleanup = true) => new WordPieceDecoder(Require.NotNull(prefix), cleanup);

    /// <summary>Reads the visible character that stands for a space.</summary>
    public static TokenDecoder Metaspace(char replacement = '\u2581', PrependScheme prependScheme = PrependScheme.Always) => new MetaspaceDecoder(replacement, prependScheme, split: true);

    /// <summary>Puts a space in place of what ends a word.</summary>
    public static TokenDecoder Bpe(string suffix = "</w>") => new BpeDecoder(Require.NotNull(suffix));

    /// <summary>Puts a text in place of another in every token.</summary>
    public static TokenDecoder Replace(string text, string content) => new ReplaceDecoder(TextPattern.OfLiteral(Require.NotNull(text)), Require.NotNull(content));

    /// <summary>Drops a character from the ends of every token, as often as it stands there up to a number of times.</summary>
    public static TokenDecoder Strip(char content, int start, int stop) => new StripDecoder(content, Require.NotNegative(start), Require.NotNegative(stop));

    /// <summary>Reads the output of connectionist temporal classification: equal neighbours are one token, padding is dropped.</summary>
    public static TokenDecoder Ctc(string padToken = "<pad>", string wordDelimiterToken = "|", bool cleanup = true) => new CtcDecoder(Require.Text(padToken), Require.Text(wordDelimiterToken), cleanup);

    /// <summary>Several, one after the other.</summary>
    public static TokenDecoder Sequence(params IReadOnlyList<TokenDecoder> decoders) => new DecoderSequence([.. Require.NotNull(decoders)]);

    /// <summary>Reads a decoder as the section of a <c>tokenizer.json</c> describes it.</summary>
    /// <exception cref="InvalidDataException">The description is malformed; the message names the part.</exception>
    /// <exception cref="NotSupportedException">It is of an unknown kind.</exception>
    public static TokenDecoder Parse(string json) => ComponentJson.Parse(json, "decoder", DecoderJson.Read);

    /// <summary>The description as it stands in a <c>tokenizer.json</c>.</summary>
    public string ToJson() => ComponentJson.Write(Write);

    /// <summary>The text of tokens.</summary>
    /// <param name="tokens">Tokens as the vocabulary spells them.</param>
    public string Decode(IEnumerable<string> tokens) => string.Concat(Apply([.. Require.NotNull(tokens)]));

    /// <summary>Changes the tokens; joined they are the text.</summary>
    internal abstract List<string> Apply(List<string> tokens);

    internal abstract void Write(Utf8JsonWriter writer);
}
