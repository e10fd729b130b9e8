using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        // One unit by another: no span changes.
        if (pattern.SingleCharacter is { } from && content is [var to] && !char.IsSurrogate(from) && !char.IsSurrogate(to))
            text.MutableCharacters.Replace(from, to);
        else if (text.Length > 0)
            text.Replace(pattern, content);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Replace");
        pattern.Write(writer);
        writer.WriteString("content", content);
        writer.WriteEndObject();
    }
}
