using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class ByteLevelPostProcessor(bool trimOffsets, bool addPrefixSpace, bool useRegex) : TokenPostProcessor
{
    public override int AddedTokens(bool pair) => 0;

    internal override List<EncodedTokens> Process(List<EncodedTokens> texts, bool addSpecialTokens, Func<EncodedTokens, int, string> spell)
    {
        for (var i = 0; i < texts.Count; i++)
        {
            if (trimOffsets)
                texts[i].ForEach(text => Trim(text, addPrefixSpace, spell));
            texts[i].SetSequence(i);
        }
        return texts;
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("ByteLevel");
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }

    /// <summary>Takes the spaces at the edges of tokens out of their spans.</summary>
    public static void Trim(EncodedTokens tokens, bool addPrefixSpace, Func<EncodedTokens, int, string> spell)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            var text = spell(tokens, i);
            if (text.Length == 0 || (!IsSpace(text[0]) && !IsSpace(text[^1])))
                continue;
            var leading = 0;
            while (leading < text.Length && IsSpace(text[leading]))
                leading++;
            var trailing = 0;
            while (trailing < text.Length && IsSpace(text[^(trailing + 1)]))
                trailing++;
            var (start, end) = tokens.Spans[i];
            // One space that the text may not have: it was put before it.
            if (leading == 1 && addPrefixSpace && (i == 0 || start == 0))
            {
                // Alone it stands for no text, however many units the character has whose span it took.
                if (text.Length == 1)
                {
                    tokens.Spans[i] = new TokenSpan(start, start);
                    continue;
                }
                leading = 0;
            }
            start = Math.Min(start + leading, end);
            if (end >= trailing)
                end = Math.Max(end - trailing, start);
            tokens.Spans[i] = new TokenSpan(start, end);
        }
    }

    private static bool IsSpace(char character) => character == ByteAlphabet.Space || UnicodeProperties.IsWhiteSpace(character);
}
