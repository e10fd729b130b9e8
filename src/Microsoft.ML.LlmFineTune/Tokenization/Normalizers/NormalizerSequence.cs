using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class NormalizerSequence(TextNormalizer[] normalizers) : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        foreach (var normalizer in normalizers)
            normalizer.Apply(text, changes);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Sequence");
        writer.WriteStartArray("normalizers");
        foreach (var normalizer in normalizers)
            normalizer.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
