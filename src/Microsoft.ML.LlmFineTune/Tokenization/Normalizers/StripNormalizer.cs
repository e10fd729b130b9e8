using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        // White space lies in the basic plane.
        var (start, end) = (0, text.Length);
        while (left && start < end && UnicodeProperties.IsWhiteSpace(text.Characters[start]))
            start++;
        while (right && end > start && UnicodeProperties.IsWhiteSpace(text.Characters[end - 1]))
            end--;
        text.Slice(start, end);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Strip");
        writer.WriteBoolean("strip_left", left);
        writer.WriteBoolean("strip_right", right);
        writer.WriteEndObject();
    }
}
