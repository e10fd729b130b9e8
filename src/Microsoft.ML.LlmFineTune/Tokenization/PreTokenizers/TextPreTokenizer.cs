using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// How a text is split into the words that a vocabulary's model looks at: the pre-tokenizers of Hugging Face's tokenizers, and any of them as a <see cref="PreTokenizer"/> of Microsoft.ML.Tokenizers. Immutable, safe for several threads.
/// </summary>
public abstract class TextPreTokenizer : PreTokenizer
{
    private protected TextPreTokenizer()
    {
    }

    /// <summary>Splits into runs of letters, digits and underscores, and runs of other characters; white space is left out.</summary>
    public static TextPreTokenizer Whitespace { get; } = new WhitespacePreTokenizer();

    /// <summary>Splits at white space, which is left out.</summary>
    public static TextPreTokenizer WhitespaceSplit { get; } = new WhitespaceSplitPreTokenizer();

    /// <summary>Splits at white space, which is left out, and around every punctuation mark, as BERT does.</summary>
    public static TextPreTokenizer Bert { get; } = new BertPreTokenizer();

    /// <summary>Splits where the script changes, as SentencePiece does (kana and ideographs count as one script).</summary>
    public static TextPreTokenizer UnicodeScripts { get; } = new UnicodeScriptsPreTokenizer();

    /// <summary>Spells words in their bytes, after splitting them in GPT-2's way.</summary>
    /// <param name="addPrefixSpace">Whether a text that doesn't begin with a space gets one, so that its first word is like any other; default false.</param>
    /// <param name="useRegex">Whether words are split in GPT-2's way; false takes them as they come. Default true.</param>
    public static TextPreTokenizer ByteLevel(bool addPrefixSpace = false, bool useRegex = true) => new ByteLevelPreTokenizer(addPrefixSpace, useRegex);

    /// <summary>Writes spaces as a visible character, as SentencePiece does.</summary>
    /// <param name="replacement">What stands for a space; default U+2581.</param>
    /// <param name="prependScheme">Which texts get one before them; default all that have none.</param>
    /// <param name="split">Whether the text is split before each; default true.</param>
    public static TextPreTokenizer Metaspace(char replacement = '\u2581', PrependScheme prependScheme = PrependScheme.Always, bool split = true) =>
        new MetaspacePreTokenizer(replacement, prependScheme, split);

    /// <summary>Splits digits from everything else.</summary>
    /// <param name="individualDigits">Whether each digit is a piece of its own; default false.</param>
    public static TextPreTokenizer Digits(bool individualDigits = false) => new DigitsPreTokenizer(individualDigits);

    /// <summary>Splits at punctuation.</summary>
    /// <param name="behavior">What becomes of the marks; default <see cref="SplitBehavior.Isolated"/>.</param>
    public static TextPreTokenizer Punctuation(SplitBehavior behavior = SplitBehavior.Isolated) => new PunctuationPreTokenizer(behavior);

    /// <summary>Splits into pieces of so many characters (code points).</summary>
    /// <param name="length">Characters in a piece; at least 1, default 5.</param>
    public static TextPreTokenizer FixedLength(int length = 5) => new FixedLengthPreTokenizer(Require.AtLeast(length, 1));

    /// <summary>Splits at one character, which is left out.</summary>
    public static TextPreTokenizer CharDelimiterSplit(char delimiter) => new CharDelimiterPreTokenizer(delimiter);

    /// <summary>Splits at a text.</summary>
    /// <param name="text">The delimiter.</param>
    /// <param name="behavior">What becomes of it.</param>
    /// <param name="invert">Whether the delimiter is all that is not this text; default false.</param>
    public static TextPreTokenizer Split(string text, SplitBehavior behavior, bool invert = false) => new SplitPreTokenizer(TextPattern.OfLiteral(Require.NotNull(text)), behavior, invert);

    /// <summary>Splits at the matches of a regular expression (Oniguruma's syntax, on code points).</summary>
    /// <param name="expression">What the delimiters match.</param>
    /// <param name="behavior">What becomes of them.</param>
    /// <param name="invert">Whether the delimiters are what does not match; default false.</param>
    /// <exception cref="InvalidDataException">The expression is malformed.</exception>
    public static TextPreTokenizer SplitRegex(string expression, SplitBehavior behavior, bool invert = false) => new SplitPreTokenizer(TextPattern.OfRegex(Require.NotNull(expression)), behavior, invert);

    /// <summary>Several, one after the other.</summary>
    public static TextPreTokenizer Sequence(params IReadOnlyList<TextPreTokenizer> preTokenizers) => new PreTokenizerSequence([.. Require.NotNull(preTokenizers)]);

    /// <summary>Reads a pre-tokenizer as the section of a <c>tokenizer.json</c> describes it.</summary>
    /// <exception cref="InvalidDataException">The description is malformed; the message names the part.</exception>
    /// <exception cref="NotSupportedException">It is of an unknown kind.</exception>
    public static TextPreTokenizer Parse(string json) => ComponentJson.Parse(json, "pre_tokenizer", PreTokenizerJson.Read);

    /// <summary>The description as it stands in a <c>tokenizer.json</c>.</summary>
    public string ToJson() => ComponentJson.Write(Write);

    /// <summary>The spans of the words, in UTF-16 units of the text. Where a pre-tokenizer changes the text, they are those of the original.</summary>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(Require.NotNull(text).AsSpan());

    /// <summary>The spans of the words, in UTF-16 units of the text. Where a pre-tokenizer changes the text, they are those of the original.</summary>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => [.. Words(text).Select(word => (word.Span.Start, word.Span.End - word.Span.Start))];

    /// <summary>The words as the vocabulary's model sees them, and the spans of the text that they stand for.</summary>
    /// <param name="text">The text.</param>
    public IReadOnlyList<(string Word, TokenSpan Span)> Words(ReadOnlySpan<char> text)
    {
        var pieces = new PieceList();
        pieces.Text.Reset(text, 0);
        pieces.Reset();
        Apply(pieces);
        var words = new List<(string, TokenSpan)>(pieces.Pieces.Length);
        foreach (var piece in pieces.Pieces)
            words.Add((pieces.Text.Characters[piece.Start..piece.End].ToString(), pieces.Text.SpanOf(piece.Start, piece.End)));
        return words;
    }

    /// <summary>Splits the pieces further, and changes the text where that belongs to it.</summary>
    internal abstract void Apply(PieceList pieces);

    /// <summary>All of it but spelling words in their bytes, if that is the last it does. Then <see cref="SpellsBytesLast"/> is true, and each word can be spelled when it is needed.</summary>
    internal virtual void ApplyWithoutSpelling(PieceList pieces) => Apply(pieces);

    internal virtual bool SpellsBytesLast => false;

    internal abstract void Write(Utf8JsonWriter writer);
}
