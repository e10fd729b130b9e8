using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What Python's strings do and .NET's do otherwise: white space, full lower-casing, splitting.</summary>
internal static class PythonText
{
    private const int CapitalSigma = 0x3A3, FinalSigma = 0x3C2, SmallSigma = 0x3C3, CapitalDottedI = 0x130, CombiningDot = 0x307;

    /// <summary>str.isspace: Unicode's White_Space and the separators U+001C to U+001F.</summary>
    public static bool IsWhiteSpace(int c)
    {
        if (c < 0x85) return c is 0x20 or (>= 0x09 and <= 0x0D) or (>= 0x1C and <= 0x1F);
        return c is 0x85 or 0xA0 or 0x1680 or (>= 0x2000 and <= 0x200A) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000;
    }

    /// <summary>What a regular expression's \w matches: letters, every kind of number, the underscore; combining marks are none.</summary>
    public static bool IsWordCharacter(int c) => c < 0x80
        ? c is (>= '0' and <= '9') or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_'
        : Category(c) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>The 32 characters of string.punctuation.</summary>
    public static bool IsAsciiPunctuation(int c) => c is (>= 0x21 and <= 0x2F) or (>= 0x3A and <= 0x40) or (>= 0x5B and <= 0x60) or (>= 0x7B and <= 0x7E);

    /// <summary>Unicode's general category; that of a lone surrogate is <see cref="UnicodeCategory.Surrogate"/>.</summary>
    public static UnicodeCategory Category(int c) => CharUnicodeInfo.GetUnicodeCategory(c);

    /// <summary>str.lower: by Unicode's full mapping. U+0130 becomes two characters, a capital sigma a final one where the word ends.</summary>
    public static void AppendLower(ReadOnlySpan<int> text, CodePoints lowered)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int c = text[i];
            if (c < 0x80)
            {
                lowered.Append(c is >= 'A' and <= 'Z' ? c + 0x20 : c);
            }
            else if (c == CapitalDottedI)
            {
                lowered.Append('i');
                lowered.Append(CombiningDot);
            }
            else if (c == CapitalSigma)
            {
                lowered.Append(IsFinal(text, i) ? FinalSigma : SmallSigma);
            }
            else
            {
                lowered.Append(Rune.IsValid(c) ? Rune.ToLowerInvariant(new Rune(c)).Value : c);
            }
        }
    }

    /// <summary>str.lower.</summary>
    public static string ToLower(string text)
    {
        bool plain = true;
        foreach (char c in text)
        {
            if (c >= 0x80) plain = false;
        }
        if (plain) return text.ToLowerInvariant();
        CodePoints source = new(), lowered = new();
        source.Set(text);
        AppendLower(source.Span, lowered);
        return lowered.ToString();
    }

    /// <summary>str.split without a separator.</summary>
    public static string[] Split(string text)
    {
        List<string> words = [];
        for (int i = 0; i < text.Length;)
        {
            if (IsWhiteSpace(text[i]))
            {
                i++;
                continue;
            }
            int start = i;
            while (i < text.Length && !IsWhiteSpace(text[i])) i++;
            words.Add(text[start..i]);
        }
        return [.. words];
    }

    /// <summary>The length that a text has without the white space at its end.</summary>
    public static int TrimmedLength(ReadOnlySpan<int> text)
    {
        int length = text.Length;
        while (length > 0 && IsWhiteSpace(text[length - 1])) length--;
        return length;
    }

    /// <summary>Takes the next word from a text: skips white space, and leaves in the text what follows the word.</summary>
    /// <returns>False at the end.</returns>
    public static bool NextWord(ref ReadOnlySpan<int> text, out ReadOnlySpan<int> word)
    {
        int start = 0;
        while (start < text.Length && IsWhiteSpace(text[start])) start++;
        int end = start;
        while (end < text.Length && !IsWhiteSpace(text[end])) end++;
        word = text[start..end];
        text = text[end..];
        return end > start;
    }

    /// <summary>A number with fixed decimals as Python prints it: exact ties go to the even digit, NaN is "nan".</summary>
    public static string Fixed(double value, int decimals)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        string rounded = value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        // .NET rounds exact ties away from zero. A tie's expansion ends with this 5, so some forty more digits show it.
        string exact = Math.Abs(value).ToString("F" + (decimals + 40).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        string rest = exact[^40..];
        int last = decimals == 0 ? exact[^42] : exact[^41];
        if (rest[0] != '5' || rest.AsSpan(1).ContainsAnyExcept('0') || (last - '0') % 2 != 0) return rounded;
        string truncated = decimals == 0 ? exact[..^41] : exact[..^40];
        return double.IsNegative(value) ? "-" + truncated : truncated;
    }

    /// <summary>A cased letter stands before it, none after it, marks and apostrophes not counted.</summary>
    private static bool IsFinal(ReadOnlySpan<int> text, int at)
    {
        int before = at - 1;
        while (before >= 0 && IsCaseIgnorable(text[before])) before--;
        if (before < 0 || !IsCased(text[before])) return false;
        int after = at + 1;
        while (after < text.Length && IsCaseIgnorable(text[after])) after++;
        return after == text.Length || !IsCased(text[after]);
    }

    /// <summary>Unicode's Case_Ignorable: marks, format characters, modifiers, and what joins letters inside of a word.</summary>
    private static bool IsCaseIgnorable(int c) => c is 0x27 or 0x2E or 0x3A or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019 or 0x2024 or 0x2027 or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A
        || Category(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    /// <summary>Unicode's Cased, without what is case-ignorable too.</summary>
    private static bool IsCased(int c) => Category(c) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || c is 0xAA or 0xBA or (>= 0x2160 and <= 0x217F) or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);
}
