using System.Text;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class LowercaseNormalizer : TextNormalizer
{
    internal override void Apply(AlignedText text, List<CharacterChange> changes) => Lower(text, changes);

    public static void Lower(AlignedText text, List<CharacterChange> changes)
    {
        // Up to the first character whose lower case is not ASCII's, in place.
        var characters = text.MutableCharacters;
        var plain = characters.IndexOfAnyExceptInRange('\0', '\x7F');
        var ascii = characters[..(plain < 0 ? characters.Length : plain)];
        Ascii.ToLowerInPlace(ascii, out _);
        if (plain < 0 || LowerInPlace(characters[plain..]))
            return;
        changes.Clear();
        Span<int> lower = stackalloc int[3];
        for (var at = 0; at < text.Length;)
        {
            var count = UnicodeProperties.ToLower(text.CodePointAt(at, out var length), lower);
            for (var i = 0; i < count; i++)
                changes.Add(new CharacterChange(lower[i], i == 0 ? 0 : 1));
            at += length;
        }
        text.Transform(changes);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Lowercase");
        writer.WriteEndObject();
    }

    // Whether every character's lower case was as long as the character, so that all is done; lower-casing twice does no harm.
    private static bool LowerInPlace(Span<char> characters)
    {
        Span<int> lower = stackalloc int[3];
        for (var at = 0; at < characters.Length; at++)
        {
            if (char.IsSurrogate(characters[at]))
                return false;
            if (UnicodeProperties.ToLower(characters[at], lower) != 1 || lower[0] > char.MaxValue)
                return false;
            characters[at] = (char)lower[0];
        }
        return true;
    }
}
