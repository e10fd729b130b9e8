using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes) => text.Prepend(prefix);

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Prepend");
        writer.WriteString("prepend", prefix);
        writer.WriteEndObject();
    }
}
