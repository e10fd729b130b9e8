using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// GPT-2's split of text into words, as a scanner over code points:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// .NET's own regular expressions work on UTF-16 units and know no letter above U+FFFF. A lone surrogate counts as U+FFFD.
/// </summary>
internal static class Gpt2Words
{
    private enum Class : byte
    {
        Other,
        Letter,
        Number,
        WhiteSpace,
    }

    private static readonly Class[] Ascii = [.. Enumerable.Range(0, 128).Select(value => Classify((Rune)value))];

    /// <summary>Length of the word that the text begins with; the text isn't empty.</summary>
    public static int FirstWord(ReadOnlySpan<char> text)
    {
        var contraction = Contraction(text);
        if (contraction > 0)
            return contraction;
        var first = ClassAt(text, out var length);
        if (text[0] == ' ' && text.Length > 1)
        {
            var second = ClassAt(text[1..], out _);
            if (second != Class.WhiteSpace)
                return 1 + Run(text[1..], second);
        }
        var run = Run(text, first);
        // White space before a word leaves its last character to that word (or, if it is no space, to stand alone).
        return first == Class.WhiteSpace && run < text.Length && run > length ? run - 1 : run;
    }

    private static int Contraction(ReadOnlySpan<char> text)
    {
        if (text[0] != '\'' || text.Length < 2)
            return 0;
        if (text[1] is 's' or 't' or 'm' or 'd')
            return 2;
        return text.Length > 2 && (text[1], text[2]) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static int Run(ReadOnlySpan<char> text, Class kind)
    {
        var at = 0;
        while (at < text.Length && ClassAt(text[at..], out var length) == kind)
            at += length;
        return at;
    }

    private static Class ClassAt(ReadOnlySpan<char> text, out int length)
    {
        length = 1;
        if (text[0] < 128)
            return Ascii[text[0]];
        Rune.DecodeFromUtf16(text, out var rune, out length);
        return Classify(rune);
    }

    private static Class Classify(Rune rune) => Rune.IsWhiteSpace(rune) ? Class.WhiteSpace : Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.OtherLetter => Class.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Class.Number,
        _ => Class.Other,
    };
}
