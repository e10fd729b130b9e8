using System.Globalization;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Properties of code points as the tokenizers library looks at them, in the versions of Unicode that its parts have (docs/unicode.md).</summary>
internal static class UnicodeProperties
{
    private static readonly int Han = UnicodeData.OldScript(0x4E00);
    private static readonly int Hiragana = UnicodeData.OldScript(0x3042);
    private static readonly int Katakana = UnicodeData.OldScript(0x30A2);

    /// <summary>White_Space, as Rust's char::is_whitespace.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsWhiteSpace(int codePoint) =>
        codePoint < 0x80 ? codePoint is >= '\t' and <= '\r' or ' ' : (UnicodeData.Flags(codePoint) & CharacterFlags.WhiteSpace) != 0;

    /// <summary>What BertNormalizer's clean_text takes for a control character and removes: Cc, Cf and Co of Unicode 8.0 but tab, line feed and carriage return. (Unassigned characters stay, whatever the reference's comments say.)</summary>
    public static bool IsControl(int codePoint) => codePoint is not ('\t' or '\n' or '\r') && (UnicodeData.Flags(codePoint) & CharacterFlags.Control) != 0;

    /// <summary>What BertPreTokenizer and Punctuation take for punctuation: ASCII's 32 and P of Unicode 8.0.</summary>
    public static bool IsPunctuation(int codePoint) =>
        codePoint < 0x80 ? codePoint is >= '!' and <= '/' or >= ':' and <= '@' or >= '[' and <= '`' or >= '{' and <= '~' : (UnicodeData.Flags(codePoint) & CharacterFlags.Punctuation) != 0;

    /// <summary>What BertNormalizer's strip_accents removes after NFD: Mn of Unicode 8.0.</summary>
    public static bool IsNonSpacingMark(int codePoint) => codePoint >= 0x300 && (UnicodeData.Flags(codePoint) & CharacterFlags.NonSpacingMark) != 0;

    /// <summary>What the normalizer StripAccents removes: M of Unicode 9.0.</summary>
    public static bool IsMark(int codePoint) => codePoint >= 0x300 && (UnicodeData.Flags(codePoint) & CharacterFlags.Mark) != 0;

    /// <summary>What the pre-tokenizer Digits splits off: N of Unicode 17.0, as Rust's char::is_numeric.</summary>
    public static bool IsNumeric(int codePoint) => codePoint < 0x80 ? codePoint is >= '0' and <= '9' : (UnicodeData.Flags(codePoint) & CharacterFlags.Numeric) != 0;

    /// <summary>What BertNormalizer's handle_chinese_chars puts spaces around. (The block 2B820 to 2B91F is left out there.)</summary>
    public static bool IsCjk(int codePoint) => codePoint is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;

    /// <summary>General category, Unicode 16.0.</summary>
    public static UnicodeCategory GeneralCategory(int codePoint) => UnicodeData.Category(codePoint);

    /// <summary>
    /// The script as the pre-tokenizer UnicodeScripts sees it: a number that is the same for characters of one script (Unicode 9.0), 0 for "any", which joins every script: the space and characters without a script.
    /// Hiragana, Katakana and U+30FC count as Han.
    /// </summary>
    public static int Script(int codePoint)
    {
        if (codePoint == ' ')
            return 0;
        var script = UnicodeData.OldScript(codePoint);
        return script == Hiragana || script == Katakana || codePoint == 0x30FC ? Han : script;
    }

    /// <summary>Full lower case of one character by itself, Unicode 17.0, as Rust's char::to_lowercase; gives the number of code points written, 1 to 3.</summary>
    public static int ToLower(int codePoint, Span<int> three)
    {
        if (codePoint < 0x80)
        {
            three[0] = codePoint is >= 'A' and <= 'Z' ? codePoint | 0x20 : codePoint;
            return 1;
        }
        var lower = UnicodeData.LowerCase[codePoint];
        if (lower.IsEmpty)
        {
            three[0] = codePoint;
            return 1;
        }
        lower.CopyTo(three);
        return lower.Length;
    }
}
