using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What a word is made of: letters, combining marks, decimal digits, connectors and the two joiners, as regular expressions have it (Unicode's UTS 18). An apostrophe or a hyphen ends a word.</summary>
internal static class WordCharacters
{
    private const int ZeroWidthNonJoiner = 0x200C, ZeroWidthJoiner = 0x200D;

    internal static bool Contains(Rune character) => character.Value is ZeroWidthNonJoiner or ZeroWidthJoiner || Rune.GetUnicodeCategory(character) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;

    /// <summary>Whether no word goes on across a place of a text.</summary>
    internal static bool IsBoundary(ReadOnlySpan<char> text, int at) => !EndsInside(text[..at]) || !BeginsInside(text[at..]);

    internal static bool BoundedByWords(ReadOnlySpan<char> term) => EndsInside(term) && BeginsInside(term);

    private static bool BeginsInside(ReadOnlySpan<char> text)
    {
        Rune.DecodeFromUtf16(text, out Rune first, out _);
        return text.Length > 0 && Contains(first);
    }

    private static bool EndsInside(ReadOnlySpan<char> text)
    {
        Rune.DecodeLastFromUtf16(text, out Rune last, out _);
        return text.Length > 0 && Contains(last);
    }
}
