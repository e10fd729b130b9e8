using System.Text;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// What is done to a text before it is split: the normalizers of Hugging Face's tokenizers, and any of them as a <see cref="Normalizer"/> of Microsoft.ML.Tokenizers. Immutable, safe for several threads.
/// </summary>
public abstract class TextNormalizer : Normalizer
{
    private protected TextNormalizer()
    {
    }

    /// <summary>Unicode's canonical composition.</summary>
    public static TextNormalizer Nfc { get; } = new UnicodeFormNormalizer(UnicodeForm.Nfc);

    /// <summary>Unicode's canonical decomposition.</summary>
    public static TextNormalizer Nfd { get; } = new UnicodeFormNormalizer(UnicodeForm.Nfd);

    /// <summary>Unicode's compatibility composition.</summary>
    public static TextNormalizer Nfkc { get; } = new UnicodeFormNormalizer(UnicodeForm.Nfkc);

    /// <summary>Unicode's compatibility decomposition.</summary>
    public static TextNormalizer Nfkd { get; } = new UnicodeFormNormalizer(UnicodeForm.Nfkd);

    /// <summary>Each character's lower case, whatever stands beside it.</summary>
    public static TextNormalizer Lowercase { get; } = new LowercaseNormalizer();

    /// <summary>Leaves out combining marks (general category M); accents of composed characters are marks only after <see cref="Nfd"/>.</summary>
    public static TextNormalizer StripAccents { get; } = new StripAccentsNormalizer();

    /// <summary>Control characters and odd spaces as Google's NMT preprocessing treats them.</summary>
    public static TextNormalizer Nmt { get; } = new NmtNormalizer();

    /// <summary>Leaves out the white space at the ends of the text.</summary>
    /// <param name="left">Whether at its beginning; default true.</param>
    /// <param name="right">Whether at its end; default true.</param>
    public static TextNormalizer Strip(bool left = true, bool right = true) => new StripNormalizer(left, right);

    /// <summary>Puts a text before every text that isn't empty.</summary>
    public static TextNormalizer Prepend(string text) => new PrependNormalizer(Require.NotNull(text));

    /// <summary>Puts a text in place of another, wherever that occurs.</summary>
    public static TextNormalizer Replace(string text, string content) => new ReplaceNormalizer(TextPattern.OfLiteral(Require.NotNull(text)), Require.NotNull(content));

    /// <summary>Puts a text in place of every match of a regular expression (Oniguruma's syntax, on code points).</summary>
    /// <exception cref="InvalidDataException">The expression is malformed.</exception>
    public static TextNormalizer ReplaceRegex(string expression, string content) => new ReplaceNormalizer(TextPattern.OfRegex(Require.NotNull(expression)), Require.NotNull(content));

    /// <summary>What BERT does to a text (google-research/bert, tokenization.py).</summary>
    /// <param name="cleanText">Whether control characters are left out and all white space becomes spaces; default true.</param>
    /// <param name="handleChineseCharacters">Whether ideographs are put between spaces; default true.</param>
    /// <param name="stripAccents">Whether accents are left out; null, the default, does so where the text is lower-cased.</param>
    /// <param name="lowercase">Whether the text is lower-cased; default true.</param>
    public static TextNormalizer Bert(bool cleanText = true, bool handleChineseCharacters = true, bool? stripAccents = null, bool lowercase = true) =>
        new BertNormalizer(cleanText, handleChineseCharacters, stripAccents, lowercase);

    /// <summary>Several, one after the other.</summary>
    public static TextNormalizer Sequence(params IReadOnlyList<TextNormalizer> normalizers) => new NormalizerSequence([.. Require.NotNull(normalizers)]);

    /// <summary>Reads a normalizer as the section of a <c>tokenizer.json</c> describes it.</summary>
    /// <exception cref="InvalidDataException">The description is malformed; the message names the part.</exception>
    /// <exception cref="NotSupportedException">It is of an unknown kind.</exception>
    public static TextNormalizer Parse(string json) => ComponentJson.Parse(json, "normalizer", NormalizerJson.Read);

    /// <summary>The description as it stands in a <c>tokenizer.json</c>.</summary>
    public string ToJson() => ComponentJson.Write(Write);

    /// <inheritdoc/>
    public override string Normalize(string original) => Normalize(Require.NotNull(original).AsSpan());

    /// <inheritdoc/>
    public override string Normalize(ReadOnlySpan<char> original)
    {
        var text = new AlignedText();
        text.Reset(original, 0);
        Apply(text, []);
        return text.Characters.ToString();
    }

    /// <summary>Changes the text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="changes">Scratch space.</param>
    internal abstract void Apply(AlignedText text, List<CharacterChange> changes);

    internal abstract void Write(Utf8JsonWriter writer);
}
