using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class NmtNormalizer : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        text.Keep(static codePoint => codePoint is not ((>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F));
        foreach (ref var character in text.MutableCharacters)
        {
            if (character is '\t' or '\n' or '\f' or '\r' or '\u1680' or (>= '\u200B' and <= '\u200F') or '\u2028' or '\u2029' or '\u2581' or '\uFEFF' or '\uFFFD')
                character = ' ';
        }
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Nmt");
        writer.WriteEndObject();
    }
}
