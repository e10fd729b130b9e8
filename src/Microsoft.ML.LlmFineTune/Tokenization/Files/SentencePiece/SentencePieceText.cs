using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The bytes that SentencePiece works on.</summary>
internal static class SentencePieceText
{
    /// <summary>U+2581, which stands for a space inside pieces.</summary>
    public static ReadOnlySpan<byte> Space => "\u2581"u8;

    /// <summary>A text in UTF-8; an unpaired surrogate becomes U+FFFD.</summary>
    public static byte[] BytesOf(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>How many bytes the character has that begins at the first byte, which is taken at its word.</summary>
    public static int CharacterLength(ReadOnlySpan<byte> text) => Math.Min(text.Length, text[0] switch { < 0xC0 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 });

    /// <summary>For each byte of a text's UTF-8, and for its end, the UTF-16 unit in which that character begins.</summary>
    public static int[] UnitsOfBytes(ReadOnlySpan<byte> utf8)
    {
        var units = new int[utf8.Length + 1];
        var unit = 0;
        for (var at = 0; at < utf8.Length;)
        {
            var length = CharacterLength(utf8[at..]);
            units.AsSpan(at, length).Fill(unit);
            at += length;
            unit += length == 4 ? 2 : 1;
        }
        units[^1] = unit;
        return units;
    }
}
