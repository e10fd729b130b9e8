using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class StripAccentsNormalizer : TextNormalizer
{
    // The first mark is U+0300.
    private const char FirstMark = '\u0300';

    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        if (text.Characters.IndexOfAnyInRange(FirstMark, char.MaxValue) >= 0)
            text.Keep(static codePoint => codePoint < FirstMark || !UnicodeProperties.IsMark(codePoint));
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("StripAccents");
        writer.WriteEndObject();
    }
}
