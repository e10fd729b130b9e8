using System.Buffers;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class BertNormalizer(bool cleanText, bool handleChineseCharacters, bool? stripAccents, bool lowercase) : TextNormalizer
{
    // What cleaning leaves alone: of ASCII, the printable characters.
    private static readonly SearchValues<char> Clean = SearchValues.Create([.. Enumerable.Range(' ', '\x7F' - ' ').Select(character => (char)character)]);

    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        var ascii = text.Characters.IndexOfAnyExceptInRange('\0', '\x7F') < 0;
        if (cleanText && text.Characters.IndexOfAnyExcept(Clean) >= 0)
            CleanUp(text);
        if (handleChineseCharacters && !ascii)
            SeparateIdeographs(text, changes);
        if ((stripAccents ?? lowercase) && !ascii)
        {
            Nfd.Apply(text, changes);
            text.Keep(static codePoint => codePoint < 0x300 || !UnicodeProperties.IsNonSpacingMark(codePoint));
        }
        if (lowercase)
            LowercaseNormalizer.Lower(text, changes);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("BertNormalizer");
        writer.WriteBoolean("clean_text", cleanText);
        writer.WriteBoolean("handle_chinese_chars", handleChineseCharacters);
        if (stripAccents is { } strip)
            writer.WriteBoolean("strip_accents", strip);
        else
            writer.WriteNull("strip_accents");
        writer.WriteBoolean("lowercase", lowercase);
        writer.WriteEndObject();
    }

    private static void CleanUp(AlignedText text)
    {
        text.Keep(static codePoint => codePoint is >= ' ' and < 0x7F or '\t' or '\n' or '\r' || (codePoint is not (0 or 0xFFFD) && !UnicodeProperties.IsControl(codePoint)));
        foreach (ref var character in text.MutableCharacters)
        {
            if (character != ' ' && UnicodeProperties.IsWhiteSpace(character))
                character = ' ';
        }
    }

    private static void SeparateIdeographs(AlignedText text, List<CharacterChange> changes)
    {
        changes.Clear();
        var any = false;
        for (var at = 0; at < text.Length;)
        {
            var codePoint = text.CodePointAt(at, out var length);
            if (UnicodeProperties.IsCjk(codePoint))
            {
                any = true;
                changes.Add(new CharacterChange(' ', 0));
                changes.Add(new CharacterChange(codePoint, 1));
                changes.Add(new CharacterChange(' ', 1));
            }
            else
            {
                changes.Add(new CharacterChange(codePoint, 0));
            }
            at += length;
        }
        if (any)
            text.Transform(changes);
    }
}
