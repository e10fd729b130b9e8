using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>sacreBLEU's tokenizers, on code points. What they give is a text whose tokens white space separates.</summary>
internal sealed class BleuTokenization(BleuTokenizer kind)
{
    private readonly CodePoints _scratch = new(), _tokenized = new();

    public static string NameOf(BleuTokenizer kind) => kind switch
    {
        BleuTokenizer.V13a => "13a",
        BleuTokenizer.International => "intl",
        BleuTokenizer.Chinese => "zh",
        BleuTokenizer.Character => "char",
        _ => "none",
    };

    /// <summary>Tokens of a text, separated by white space; a view that the next call overwrites.</summary>
    /// <param name="text">May be changed.</param>
    public ReadOnlySpan<int> Apply(CodePoints text)
    {
        switch (kind)
        {
            case BleuTokenizer.V13a:
                WesternTokens.Replace(text, _scratch, "<skipped>", []);
                if (text.Span.Contains('\n'))
                {
                    WesternTokens.Replace(text, _scratch, "-\n", []);
                    WesternTokens.Replace(text, _scratch, "\n", [' ']);
                }
                WesternTokens.Unescape(text, _scratch);
                _tokenized.Clear();
                _tokenized.Append(' ');
                _tokenized.Append(text.Span);
                _tokenized.Append(' ');
                WesternTokens.Split(_tokenized, _scratch);
                return _tokenized.Span;
            case BleuTokenizer.Chinese:
                WesternTokens.Surround(Trim(text.Span), _tokenized, IsChinese);
                WesternTokens.Split(_tokenized, _scratch);
                return _tokenized.Span;
            case BleuTokenizer.International:
                SplitAfterNonNumber(text.Span, _tokenized);
                SplitBeforeNonNumber(_tokenized.Span, _scratch);
                WesternTokens.Surround(_scratch.Span, _tokenized, IsUnicodeSymbol);
                return _tokenized.Span;
            case BleuTokenizer.Character:
                _tokenized.Clear();
                foreach (int c in text.Span)
                {
                    if (_tokenized.Length > 0) _tokenized.Append(' ');
                    _tokenized.Append(c);
                }
                return _tokenized.Span;
            default:
                return text.Span;
        }
    }

    private static ReadOnlySpan<int> Trim(ReadOnlySpan<int> text)
    {
        text = text[..PythonText.TrimmedLength(text)];
        int start = 0;
        while (start < text.Length && PythonText.IsWhiteSpace(text[start])) start++;
        return text[start..];
    }

    private static void SplitAfterNonNumber(ReadOnlySpan<int> source, CodePoints target)
    {
        target.Clear();
        for (int i = 0; i < source.Length; i++)
        {
            target.Append(source[i]);
            if (i + 1 == source.Length || !IsUnicodePunctuation(source[i + 1]) || IsUnicodeNumber(source[i])) continue;
            target.Append(' ');
            target.Append(source[++i]);
            target.Append(' ');
        }
    }

    private static void SplitBeforeNonNumber(ReadOnlySpan<int> source, CodePoints target)
    {
        target.Clear();
        for (int i = 0; i < source.Length; i++)
        {
            if (i + 1 < source.Length && IsUnicodePunctuation(source[i]) && !IsUnicodeNumber(source[i + 1]))
            {
                target.Append(' ');
                target.Append(source[i]);
                target.Append(' ');
                i++;
            }
            target.Append(source[i]);
        }
    }

    private static bool IsUnicodeNumber(int c) => c < 0x80
        ? c is >= '0' and <= '9'
        : PythonText.Category(c) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static bool IsUnicodePunctuation(int c) => c < 0x80
        ? PythonText.IsAsciiPunctuation(c) && !IsUnicodeSymbol(c)
        : PythonText.Category(c) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation
            or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;

    private static bool IsUnicodeSymbol(int c) => c < 0x80
        ? c is '$' or '+' or '<' or '=' or '>' or '^' or '`' or '|' or '~'
        : PythonText.Category(c) is UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol;

    /// <summary>
    /// The reference writes its ranges beyond the basic plane as \u20000 to \u2a6d6, which are two characters each: compared with one character, they stand for U+2001 to U+2A6D. Ideographs beyond the basic plane are in no range.
    /// </summary>
    private static bool IsChinese(int c) => c is (>= 0x2001 and <= 0x2A6D) or (>= 0x2E80 and <= 0x2EFF) or (>= 0x2F00 and <= 0x2FDF) or (>= 0x2FF0 and <= 0x303F) or (>= 0x3100 and <= 0x312F) or (>= 0x31A0 and <= 0x31BF)
        or (>= 0x31C0 and <= 0x31EF) or (>= 0x3200 and <= 0x4DB5) or (>= 0x4E00 and <= 0x9FBB) or (>= 0xF900 and <= 0xFA2D) or (>= 0xFA30 and <= 0xFA6A) or (>= 0xFA70 and <= 0xFAD9)
        or (>= 0xFE10 and <= 0xFE1F) or (>= 0xFE30 and <= 0xFE4F) or (>= 0xFF00 and <= 0xFFEF);
}
