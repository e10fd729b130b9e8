using System.Globalization;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The classes of code points, and runs of them.</summary>
internal static class SplitClasses
{
    private static readonly SplitClass[] Units = [.. Enumerable.Range(0, 0x10000).Select(Of)];

    /// <summary>The class of the code point at a place, and its UTF-16 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SplitClass At(ReadOnlySpan<char> text, int at, out int length)
    {
        var unit = text[at];
        length = 1;
        return char.IsSurrogate(unit) ? OfPair(text, at, out length) : Units[unit];
    }

    /// <summary>The end of the run of code points that have one of the classes.</summary>
    public static int EndOfRun(ReadOnlySpan<char> text, int at, SplitClass wanted)
    {
        while (at < text.Length && (At(text, at, out var length) & wanted) != 0)
            at += length;
        return at;
    }

    /// <summary>The end of the run of code points that have none of the classes.</summary>
    public static int EndOfOthers(ReadOnlySpan<char> text, int at, SplitClass unwanted)
    {
        while (at < text.Length && (At(text, at, out var length) & unwanted) == 0)
            at += length;
        return at;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static SplitClass OfPair(ReadOnlySpan<char> text, int at, out int length) => Of(CodePoints.At(text, at, out length));

    private static SplitClass Of(int codePoint) => UnicodeProperties.GeneralCategory(codePoint) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => SplitClass.Letter | SplitClass.Upper,
        UnicodeCategory.LowercaseLetter => SplitClass.Letter | SplitClass.Lower,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => SplitClass.Letter | SplitClass.Upper | SplitClass.Lower,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => SplitClass.Mark | SplitClass.Upper | SplitClass.Lower,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => SplitClass.Number,
        _ when codePoint is '\r' or '\n' => SplitClass.Space | SplitClass.NewLine,
        _ => UnicodeProperties.IsWhiteSpace(codePoint) ? SplitClass.Space : SplitClass.None,
    };
}
