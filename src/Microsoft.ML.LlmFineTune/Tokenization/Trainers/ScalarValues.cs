using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Texts as the code points that UTF-8 has: a lone surrogate is U+FFFD.</summary>
internal static class ScalarValues
{
    /// <summary>One more than the largest code point.</summary>
    public const int End = 0x110000;

    /// <summary>The code point that a text which isn't empty begins with.</summary>
    public static int First(ReadOnlySpan<char> text, out int length)
    {
        length = 1;
        if (!char.IsSurrogate(text[0]))
            return text[0];
        Rune.DecodeFromUtf16(text, out var rune, out length);
        return rune.Value;
    }

    /// <summary>Appends the code points of a text.</summary>
    public static void Append(ReadOnlySpan<char> text, List<int> codePoints)
    {
        for (var at = 0; at < text.Length;)
        {
            codePoints.Add(First(text[at..], out var length));
            at += length;
        }
    }

    /// <summary>The text of code points.</summary>
    public static string ToText(ReadOnlySpan<int> codePoints)
    {
        var text = new StringBuilder(codePoints.Length);
        foreach (var codePoint in codePoints)
            Append(codePoint, text);
        return text.ToString();
    }

    /// <summary>The text of one code point.</summary>
    public static string ToText(int codePoint) => codePoint < 0x10000 ? ((char)codePoint).ToString() : char.ConvertFromUtf32(codePoint);

    /// <summary>Order by code points, which is that of the UTF-8 bytes.</summary>
    public static int Compare(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        var same = a.CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
            return a.Length.CompareTo(b.Length);
        return Rank(a[same]).CompareTo(Rank(b[same]));

        // Surrogates stand for what is above U+FFFF.
        static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
    }

    private static void Append(int codePoint, StringBuilder text)
    {
        if (codePoint < 0x10000)
            text.Append((char)codePoint);
        else
            text.Append(char.ConvertFromUtf32(codePoint));
    }
}
