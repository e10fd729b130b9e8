using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Code points of UTF-16 text. A lone surrogate is a code point of its own.</summary>
internal static class CodePoints
{
    /// <summary>The code point that begins at a place, and its UTF-16 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(ReadOnlySpan<char> text, int at, out int length)
    {
        var unit = text[at];
        length = 1;
        if (!char.IsSurrogate(unit))
            return unit;
        if (char.IsHighSurrogate(unit) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            length = 2;
            return char.ConvertToUtf32(unit, text[at + 1]);
        }
        return unit;
    }

    /// <summary>Writes a code point in one or two units, and gives their number.</summary>
    public static int Write(int codePoint, Span<char> into)
    {
        if (codePoint < 0x10000)
        {
            into[0] = (char)codePoint;
            return 1;
        }
        into[0] = (char)(0xD800 + ((codePoint - 0x10000) >> 10));
        into[1] = (char)(0xDC00 + (codePoint & 0x3FF));
        return 2;
    }
}
