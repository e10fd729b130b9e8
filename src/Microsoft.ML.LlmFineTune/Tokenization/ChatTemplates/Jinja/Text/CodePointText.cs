using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python counts a text's characters by code points; .NET by UTF-16 units. A lone surrogate is a character of its own.</summary>
internal static class CodePointText
{
    private static readonly string[] Ascii = [.. Enumerable.Range(0, 128).Select(c => ((char)c).ToString())];

    public static bool HasSurrogates(ReadOnlySpan<char> text) => text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;

    public static int Count(ReadOnlySpan<char> text)
    {
        if (!HasSurrogates(text)) return text.Length;
        RenderBudget.Characters(text.Length);
        var count = 0;
        for (var i = 0; i < text.Length; i += LengthAt(text, i)) count++;
        return count;
    }

    /// <summary>UTF-16 units of the character at a position: 1 or 2.</summary>
    public static int LengthAt(ReadOnlySpan<char> text, int at) => char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;

    public static int ValueAt(ReadOnlySpan<char> text, int at) => LengthAt(text, at) == 2 ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];

    /// <summary>Where the character with a number stands, in UTF-16 units; the text's end for a number beyond it.</summary>
    public static int Offset(ReadOnlySpan<char> text, int character)
    {
        if (!HasSurrogates(text)) return Math.Min(character, text.Length);
        RenderBudget.Characters(text.Length);
        var at = 0;
        for (; character > 0 && at < text.Length; character--) at += LengthAt(text, at);
        return at;
    }

    public static string At(string text, int character)
    {
        var at = Offset(text, character);
        return text[at] < 128 ? Ascii[text[at]] : text.Substring(at, LengthAt(text, at));
    }

    public static IEnumerable<object?> Each(string text)
    {
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = LengthAt(text, at);
            yield return text[at] < 128 ? Ascii[text[at]] : text.Substring(at, length);
        }
    }

    public static IEnumerable<int> Values(string text)
    {
        for (var at = 0; at < text.Length; at += LengthAt(text, at)) yield return ValueAt(text, at);
    }

    public static string Slice(string text, object? start, object? stop, object? step)
    {
        var (from, _, by, length) = Slicing.Indices(start, stop, step, Count(text));
        RenderBudget.Make(length);
        if (length == 0) return "";
        if (by == 1)
        {
            var first = Offset(text, (int)from);
            return text.Substring(first, Offset(text.AsSpan(first), length));
        }
        if (!HasSurrogates(text)) return string.Create(length, (text, from, by), static (span, part) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = part.text[(int)(part.from + (i * part.by))];
        });
        var characters = Values(text).ToArray();
        var cut = new PrintBuffer();
        for (var i = 0; i < length; i++) cut.AppendCodePoint(characters[from + (i * by)]);
        return cut.ToString();
    }

    /// <summary>Order by code points: UTF-16 puts characters above U+FFFF before some below.</summary>
    public static int Compare(string left, string right)
    {
        var shared = left.AsSpan().CommonPrefixLength(right);
        if (shared == left.Length || shared == right.Length) return left.Length.CompareTo(right.Length);
        var (a, b) = (left[shared], right[shared]);
        var (surrogateA, surrogateB) = (char.IsSurrogate(a), char.IsSurrogate(b));
        if (surrogateA == surrogateB && !surrogateA) return a.CompareTo(b);
        // Back to the start of the characters, where one differs only in its second half.
        if (shared > 0 && char.IsHighSurrogate(left[shared - 1]) && char.IsLowSurrogate(a) != char.IsLowSurrogate(b)) shared--;
        else if (shared > 0 && char.IsHighSurrogate(left[shared - 1])) shared--;
        return ValueAt(left, shared).CompareTo(ValueAt(right, shared));
    }

    /// <summary>A code point as a text, lone surrogates included.</summary>
    public static string ToText(int codePoint) => codePoint < 128 ? Ascii[codePoint] : codePoint < 0x10000 ? ((char)codePoint).ToString() : char.ConvertFromUtf32(codePoint);

    public static UnicodeCategory Category(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint);
}
