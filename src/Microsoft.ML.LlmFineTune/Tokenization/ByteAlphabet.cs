using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// GPT-2's printable names of the 256 bytes: a byte that is a printable Latin-1 character stands for itself, the others are U+0100, U+0101, ... in order (so the space is U+0120).
/// Vocabularies of byte-level tokenizers are spelled in it.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Names = CreateNames();
    private static readonly short[] Bytes = CreateBytes();

    /// <summary>The name of the space byte.</summary>
    public const char Space = '\u0120';

    /// <summary>The character that names a byte.</summary>
    public static char NameOf(byte value) => Names[value];

    /// <summary>Appends the bytes that a token names. A token with any other character in it stands for its own text.</summary>
    public static void AppendBytes(string token, List<byte> bytes)
    {
        var start = bytes.Count;
        foreach (var name in token)
        {
            if (name >= Bytes.Length || Bytes[name] < 0)
            {
                bytes.RemoveRange(start, bytes.Count - start);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }
            bytes.Add((byte)Bytes[name]);
        }
    }

    /// <summary>Writes a range of a text into its change, spelled in the alphabet; each name has the span of its character.</summary>
    public static void SpellBytes(AlignedText text, int start, int end)
    {
        Span<byte> bytes = stackalloc byte[4];
        Span<char> names = stackalloc char[4];
        for (var at = start; at < end;)
        {
            var count = new Rune(text.CodePointAt(at, out var length)).EncodeToUtf8(bytes);
            for (var i = 0; i < count; i++)
                names[i] = Names[bytes[i]];
            text.Insert(names[..count], at);
            at += length;
        }
    }

    private static char[] CreateNames()
    {
        var names = new char[256];
        var next = '\u0100';
        for (var value = 0; value < names.Length; value++)
            names[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : next++;
        return names;
    }

    private static short[] CreateBytes()
    {
        var bytes = new short[Names.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < Names.Length; value++)
            bytes[Names[value]] = (short)value;
        return bytes;
    }
}
