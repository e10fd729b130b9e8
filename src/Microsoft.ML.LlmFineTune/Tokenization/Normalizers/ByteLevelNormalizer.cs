using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Spells the bytes of the text in the byte alphabet.</summary>
internal sealed class ByteLevelNormalizer : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        if (text.Length == 0)
            return;
        text.BeginChange(text.Length);
        ByteAlphabet.SpellBytes(text, 0, text.Length);
        text.EndChange();
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("ByteLevel");
        writer.WriteEndObject();
    }
}
