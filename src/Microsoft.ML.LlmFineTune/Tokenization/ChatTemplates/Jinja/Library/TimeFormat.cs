using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>C's <c>strftime</c> in the C locale, for a time without a zone.</summary>
internal static class TimeFormat
{
    private static readonly DateTimeFormatInfo Names = CultureInfo.InvariantCulture.DateTimeFormat;

    public static string Format(DateTimeOffset moment, string format)
    {
        var output = new PrintBuffer();
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                output.Append(format[at]);
                continue;
            }
            var start = at++;
            // The flags and the width of the GNU library.
            char pad = '\0', letters = '\0';
            for (; at < format.Length && format[at] is '-' or '_' or '0' or '^' or '#'; at++)
            {
                if (format[at] is '^' or '#') letters = format[at];
                else pad = format[at];
            }
            var width = 0;
            for (; at < format.Length && char.IsAsciiDigit(format[at]); at++) width = Math.Min((width * 10) + (format[at] - '0'), 4096);
            if (at < format.Length && format[at] is 'E' or 'O') at++;
            var text = at < format.Length ? Directive(moment, format[at], pad) : null;
            if (text is null)
            {
                output.Append(format.AsSpan(start, Math.Min(at + 1, format.Length) - start));
                continue;
            }
            if (letters != '\0') text = letters == '#' && text.All(char.IsUpper) ? text.ToLowerInvariant() : text.ToUpperInvariant();
            output.Append(text.PadLeft(width, pad == '_' || !char.IsAsciiDigit(text.FirstOrDefault()) ? ' ' : '0'));
        }
        return output.ToString();
    }

    private static string? Directive(DateTimeOffset t, char directive, char pad)
    {
        string Number(int value, int width, char fill = '0') => pad == '-' ? value.ToString(CultureInfo.InvariantCulture)
            : value.ToString(CultureInfo.InvariantCulture).PadLeft(width, pad switch { '_' => ' ', '0' => '0', _ => fill });
        var hour = t.Hour % 12 == 0 ? 12 : t.Hour % 12;
        return directive switch
        {
            'a' => Names.AbbreviatedDayNames[(int)t.DayOfWeek],
            'A' => Names.DayNames[(int)t.DayOfWeek],
            'b' or 'h' => Names.AbbreviatedMonthNames[t.Month - 1],
            'B' => Names.MonthNames[t.Month - 1],
            'c' => Format(t, "%a %b %e %H:%M:%S %Y"),
            'C' => Number(t.Year / 100, 2),
            'd' => Number(t.Day, 2),
            'D' or 'x' => Format(t, "%m/%d/%y"),
            'e' => Number(t.Day, 2, ' '),
            'f' => (t.Ticks % TimeSpan.TicksPerSecond / 10).ToString("000000", CultureInfo.InvariantCulture),
            'F' => Format(t, "%Y-%m-%d"),
            'g' => Number(ISOWeek.GetYear(t.DateTime) % 100, 2),
            'G' => Number(ISOWeek.GetYear(t.DateTime), 4),
            'H' => Number(t.Hour, 2),
            'I' => Number(hour, 2),
            'j' => Number(t.DayOfYear, 3),
            'k' => Number(t.Hour, 2, ' '),
            'l' => Number(hour, 2, ' '),
            'm' => Number(t.Month, 2),
            'M' => Number(t.Minute, 2),
            'n' => "\n",
            'p' => t.Hour < 12 ? "AM" : "PM",
            'P' => t.Hour < 12 ? "am" : "pm",
            'r' => Format(t, "%I:%M:%S %p"),
            'R' => Format(t, "%H:%M"),
            's' => t.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'S' => Number(t.Second, 2),
            't' => "\t",
            'T' or 'X' => Format(t, "%H:%M:%S"),
            'u' => Number(t.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)t.DayOfWeek, 1),
            'U' => Number((t.DayOfYear + 6 - (int)t.DayOfWeek) / 7, 2),
            'V' => Number(ISOWeek.GetWeekOfYear(t.DateTime), 2),
            'w' => Number((int)t.DayOfWeek, 1),
            'W' => Number((t.DayOfYear + 6 - (((int)t.DayOfWeek + 6) % 7)) / 7, 2),
            'y' => Number(t.Year % 100, 2),
            'Y' => pad == '\0' ? t.Year.ToString(CultureInfo.InvariantCulture) : Number(t.Year, 4),
            'z' or 'Z' => "",
            '%' => "%",
            _ => null,
        };
    }
}
