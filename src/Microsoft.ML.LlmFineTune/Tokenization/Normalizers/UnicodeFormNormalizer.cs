using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class UnicodeFormNormalizer(UnicodeForm form) : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        if (UnicodeNormalization.IsNormalized(text.Characters, form))
            return;
        changes.Clear();
        UnicodeNormalization.Normalize(text.Characters, form, changes);
        text.Transform(changes);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin(form.ToString().ToUpperInvariant());
        writer.WriteEndObject();
    }
}
