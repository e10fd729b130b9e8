using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What Python knows about characters: kinds, and upper, lower and title case.</summary>
internal static class Characters
{
    // Other_Lowercase and Other_Uppercase of the Unicode character database.
    private static readonly (int First, int Last)[] OtherLower =
    [
        (0xaa, 0xaa), (0xba, 0xba), (0x2b0, 0x2b8), (0x2c0, 0x2c1), (0x2e0, 0x2e4), (0x345, 0x345), (0x37a, 0x37a), (0x1d2c, 0x1d6a), (0x1d78, 0x1d78), (0x1d9b, 0x1dbf), (0x2071, 0x2071), (0x207f, 0x207f), (0x2090, 0x209c),
        (0x2170, 0x217f), (0x24d0, 0x24e9), (0x2c7c, 0x2c7d), (0xa69c, 0xa69d), (0xa770, 0xa770), (0xa7f8, 0xa7f9), (0xab5c, 0xab5f), (0x10780, 0x10780), (0x10783, 0x10785), (0x10787, 0x107b0), (0x107b2, 0x107ba),
    ];

    private static readonly (int First, int Last)[] OtherUpper = [(0x2160, 0x216f), (0x24b6, 0x24cf), (0x1f130, 0x1f149), (0x1f150, 0x1f169), (0x1f170, 0x1f189)];

    // Han characters with a numeric value, which .NET has no data of.
    private const string HanNumerals =
        "\u3405\u3483\u382a\u3b4d\u4e00\u4e03\u4e07\u4e09\u4e5d\u4e8c\u4e94\u4e96\u4ebf\u4ec0\u4edf\u4ee8\u4f0d\u4f70\u5104\u5146\u5169\u516b\u516d\u5341\u5343" +
        "\u5344\u5345\u534c\u53c1\u53c2\u53c3\u53c4\u56db\u58f1\u58f9\u5e7a\u5efe\u5eff\u5f0c\u5f0d\u5f0e\u5f10\u62fe\u634c\u67d2\u6f06\u7396\u767e\u8086\u842c" +
        "\u8cae\u8cb3\u8d30\u9621\u9646\u964c\u9678\u96f6\uf96b\uf973\uf978\uf9b2\uf9d1\uf9d3\uf9fd";

    public static bool IsSpace(int character) => character switch
    {
        >= 9 and <= 13 or >= 0x1c and <= 0x20 or 0x85 or 0xa0 => true,
        < 0x1680 => false,
        _ => character is 0x1680 or (>= 0x2000 and <= 0x200a) or 0x2028 or 0x2029 or 0x202f or 0x205f or 0x3000,
    };

    public static bool IsLower(int character) => character < 128 ? char.IsAsciiLetterLower((char)character) : CodePointText.Category(character) == UnicodeCategory.LowercaseLetter || In(OtherLower, character);

    public static bool IsUpper(int character) => character < 128 ? char.IsAsciiLetterUpper((char)character) : CodePointText.Category(character) == UnicodeCategory.UppercaseLetter || In(OtherUpper, character);

    public static bool IsTitle(int character) => CodePointText.Category(character) == UnicodeCategory.TitlecaseLetter;

    public static bool IsCased(int character) => IsLower(character) || IsUpper(character) || IsTitle(character);

    public static bool IsAlphabetic(int character) => CodePointText.Category(character) <= UnicodeCategory.OtherLetter;

    public static bool IsDecimal(int character) => CodePointText.Category(character) == UnicodeCategory.DecimalDigitNumber;

    public static bool IsDigit(int character) => IsDecimal(character) || CharUnicodeInfo.GetDigitValue(CodePointText.ToText(character), 0) >= 0;

    public static bool IsNumeric(int character) =>
        CodePointText.Category(character) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber || (character < 0x10000 ? HanNumerals.Contains((char)character) : character is 0x20001 or 0x20064 or 0x200e2 or 0x20121 or 0x2092a or 0x20983 or 0x2098c or 0x2099c or 0x20aea or 0x20afd or 0x20b19 or 0x22390 or 0x22998 or 0x23b1b or 0x2626d or 0x2f890);

    public static bool IsAlphanumeric(int character) => character < 128 ? char.IsAsciiLetterOrDigit((char)character) : IsAlphabetic(character) || IsNumeric(character);

    /// <summary>What a regular expression's <c>\w</c> takes.</summary>
    public static bool IsWord(int character) => character == '_' || IsAlphanumeric(character);

    public static bool IsPrintable(int character) => character == ' ' || CodePointText.Category(character) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    public static bool StartsIdentifier(int character) => character == '_' || CodePointText.Category(character) is <= UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber || character is 0x2118 or 0x212e;

    public static bool ContinuesIdentifier(int character) => StartsIdentifier(character) || character is 0xb7 or 0x387 or (>= 0x1369 and <= 0x1371) or 0x19da
        || CodePointText.Category(character) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;

    public static bool IsIdentifier(string text) => text.Length > 0 && StartsIdentifier(CodePointText.ValueAt(text, 0)) && CodePointText.Values(text).All(ContinuesIdentifier);

    /// <summary>The value of a decimal digit of any script; -1 for another character.</summary>
    public static int DecimalDigit(int character) => character < 128 ? (char.IsAsciiDigit((char)character) ? character - '0' : -1) : CharUnicodeInfo.GetDecimalDigitValue(CodePointText.ToText(character), 0);

    public static string Upper(string text)
    {
        if (System.Text.Ascii.IsValid(text)) return text.ToUpperInvariant();
        var output = new PrintBuffer();
        foreach (var character in CodePointText.Values(text)) output.Append(SpecialCasing.Upper.TryGetValue(character, out var special) ? special : Simple(character, upper: true));
        return output.ToString();
    }

    public static string Lower(string text)
    {
        if (System.Text.Ascii.IsValid(text)) return text.ToLowerInvariant();
        var output = new PrintBuffer();
        for (var at = 0; at < text.Length; at += CodePointText.LengthAt(text, at)) output.Append(LowerAt(text, at));
        return output.ToString();
    }

    public static string Fold(string text)
    {
        if (System.Text.Ascii.IsValid(text)) return text.ToLowerInvariant();
        var output = new PrintBuffer();
        foreach (var character in CodePointText.Values(text))
        {
            output.Append(SpecialCasing.Fold.TryGetValue(character, out var special) ? special
                : character is (>= 0x13a0 and <= 0x13f5) ? CodePointText.ToText(character)
                : character is (>= 0x13f8 and <= 0x13fd) or (>= 0xab70 and <= 0xabbf) ? Simple(character, upper: true)
                : character == 0x130 ? "i\u0307" : Simple(character, upper: false));
        }
        return output.ToString();
    }

    /// <summary>First character in title case, all others in lower case.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0) return text;
        var output = new PrintBuffer();
        output.Append(Title(CodePointText.ValueAt(text, 0)));
        for (var at = CodePointText.LengthAt(text, 0); at < text.Length; at += CodePointText.LengthAt(text, at)) output.Append(LowerAt(text, at));
        return output.ToString();
    }

    /// <summary>Each run of cased characters with its first in title case.</summary>
    public static string TitleWords(string text)
    {
        var output = new PrintBuffer();
        var afterCased = false;
        for (var at = 0; at < text.Length; at += CodePointText.LengthAt(text, at))
        {
            var character = CodePointText.ValueAt(text, at);
            output.Append(afterCased ? LowerAt(text, at) : Title(character));
            afterCased = IsCased(character);
        }
        return output.ToString();
    }

    public static string SwapCase(string text)
    {
        var output = new PrintBuffer();
        for (var at = 0; at < text.Length; at += CodePointText.LengthAt(text, at))
        {
            var character = CodePointText.ValueAt(text, at);
            output.Append(IsUpper(character) ? LowerAt(text, at) : IsLower(character) ? Upper(CodePointText.ToText(character)) : CodePointText.ToText(character));
        }
        return output.ToString();
    }

    /// <summary>Without the characters at its ends that are in a set; white space where that is null.</summary>
    public static string Strip(string text, string? characters, bool start, bool end)
    {
        RenderBudget.Characters(text.Length);
        var set = characters is null ? null : CodePointText.HasSurrogates(characters) ? CodePointText.Values(characters).ToHashSet() : null;
        bool Takes(int character) => characters is null ? IsSpace(character) : set?.Contains(character) ?? (character < 0x10000 && characters.Contains((char)character));
        int from = 0, to = text.Length;
        while (start && from < to && Takes(CodePointText.ValueAt(text, from))) from += CodePointText.LengthAt(text, from);
        while (end && to > from)
        {
            var last = to > from + 1 && char.IsLowSurrogate(text[to - 1]) && char.IsHighSurrogate(text[to - 2]) ? to - 2 : to - 1;
            if (!Takes(CodePointText.ValueAt(text.AsSpan(0, to), last))) break;
            to = last;
        }
        if (characters is not null) RenderBudget.Characters((long)(text.Length - (to - from)) * characters.Length);
        return from == 0 && to == text.Length ? text : text[from..to];
    }

    private static string Title(int character) => SpecialCasing.Title.TryGetValue(character, out var special) ? special
        : character is >= 0x10d0 and <= 0x10ff ? CodePointText.ToText(character)
        : SpecialCasing.Upper.TryGetValue(character, out special) ? special : Simple(character, upper: true);

    private static string LowerAt(string text, int at) => CodePointText.ValueAt(text, at) switch
    {
        0x130 => "i\u0307",
        0x3a3 => IsFinalSigma(text, at) ? "\u03c2" : "\u03c3",
        var character => Simple(character, upper: false),
    };

    /// <summary>A sigma is final where a cased character stands before it and none behind, those without case of their own (marks and the like) passed over.</summary>
    private static bool IsFinalSigma(string text, int at)
    {
        var before = at - 1;
        while (before >= 0 && IsCaseIgnorable(CharacterBefore(text, before + 1))) before -= CodePointText.ToText(CharacterBefore(text, before + 1)).Length;
        if (before < 0 || !IsCased(CharacterBefore(text, before + 1))) return false;
        var behind = at + 1;
        while (behind < text.Length && IsCaseIgnorable(CodePointText.ValueAt(text, behind))) behind += CodePointText.LengthAt(text, behind);
        RenderBudget.Steps(behind - before);
        return behind == text.Length || !IsCased(CodePointText.ValueAt(text, behind));
    }

    private static int CharacterBefore(string text, int end) => end > 1 && char.IsLowSurrogate(text[end - 1]) && char.IsHighSurrogate(text[end - 2]) ? char.ConvertToUtf32(text[end - 2], text[end - 1]) : text[end - 1];

    private static bool IsCaseIgnorable(int character) => character is '\'' or '.' or ':' or '^' or '`' or 0xb7 or 0x2018 or 0x2019 or 0x2024 or 0x2027
        || CodePointText.Category(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    private static string Simple(int character, bool upper)
    {
        if (character is >= 0xd800 and <= 0xdfff) return ((char)character).ToString();
        // .NET leaves the dotless i alone, whose upper case it shares with the dotted one.
        if (character == 0x131 && upper) return "I";
        var rune = new System.Text.Rune(character);
        return CodePointText.ToText((upper ? System.Text.Rune.ToUpperInvariant(rune) : System.Text.Rune.ToLowerInvariant(rune)).Value);
    }

    private static bool In((int First, int Last)[] ranges, int character) => Array.Exists(ranges, range => character >= range.First && character <= range.Last);
}
