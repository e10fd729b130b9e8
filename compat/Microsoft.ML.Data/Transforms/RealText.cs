using System.Globalization;

namespace Microsoft.ML.Transforms;

/// <summary>Reads floating point numbers: decimal digits, "?" and "NaN" for a missing one, "Infinity" and its sign; blank text is 0.</summary>
internal static class RealText
{
    public static bool TryParse(ReadOnlySpan<char> text, out float value)
    {
        bool parsed = TryParse(text, out double wide);
        value = (float)wide;
        return parsed;
    }

    public static bool TryParse(ReadOnlySpan<char> text, out double value)
    {
        value = 0;
        var trimmed = text.TrimStart();
        if (trimmed.IsEmpty)
            return true;
        int length = NumberLength(trimmed);
        if (length > 0)
            value = double.Parse(trimmed[..length], NumberStyles.Float, CultureInfo.InvariantCulture);
        else if (!TryParseSpecial(trimmed, out value, out length))
            return false;
        // What follows is looked for as many characters behind the start of the text as the number is long: blanks in front of
        // a number of several digits make it unreadable.
        return (trimmed.Length == 1 && length == 1) || text[length..].Trim().IsEmpty;
    }

    private static int NumberLength(ReadOnlySpan<char> text)
    {
        int i = text[0] is '-' or '+' ? 1 : 0;
        int start = i;
        i = SkipDigits(text, i);
        int digits = i - start;
        if (i < text.Length && text[i] == '.')
        {
            start = ++i;
            i = SkipDigits(text, i);
            digits += i - start;
        }
        if (digits == 0)
            return 0;
        if (i < text.Length && text[i] is 'e' or 'E')
        {
            int exponent = i + 1 < text.Length && text[i + 1] is '-' or '+' ? i + 2 : i + 1;
            int end = SkipDigits(text, exponent);
            if (end > exponent)
                return end;
        }
        return i;
    }

    private static int SkipDigits(ReadOnlySpan<char> text, int i)
    {
        while (i < text.Length && char.IsAsciiDigit(text[i]))
            i++;
        return i;
    }

    private static bool TryParseSpecial(ReadOnlySpan<char> text, out double value, out int length)
    {
        foreach (var (name, meaning) in (ReadOnlySpan<(string, double)>)[("?", double.NaN), ("NaN", double.NaN), ("Infinity", double.PositiveInfinity), ("-Infinity", double.NegativeInfinity), ("∞", double.PositiveInfinity), ("-∞", double.NegativeInfinity)])
        {
            if (text.StartsWith(name))
            {
                (value, length) = (meaning, name.Length);
                return true;
            }
        }
        (value, length) = (0, 0);
        return false;
    }
}
