using System.Globalization;
using System.Numerics;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Values as text, and text as values: floats that can't be read are missing, other numbers throw.</summary>
internal static class TextConversion
{
    /// <summary>The text that stands for a value in files and dictionaries: as many digits as bring it back, "?" for a missing float, 1 and 0.</summary>
    public static string ToText<T>(T value) => value switch
    {
        float.NaN or double.NaN => "?",
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        double number => number.ToString("G17", CultureInfo.InvariantCulture),
        bool flag => flag ? "1" : "0",
        _ => ToDisplay(value),
    };

    /// <summary>The text that a column of values is converted into.</summary>
    public static string ToDisplay<T>(T value) => value switch
    {
        float number => number.ToString("G7", CultureInfo.InvariantCulture),
        double number => number.ToString("G17", CultureInfo.InvariantCulture),
        TimeSpan span => span.ToString("c"),
        DateTime date => date.ToString("o"),
        DateTimeOffset date => date.ToString("o"),
        _ => value.ToString(),
    };

    public static float ToSingle(ReadOnlySpan<char> text) => RealText.TryParse(text, out float value) ? value : float.NaN;

    public static double ToDouble(ReadOnlySpan<char> text) => RealText.TryParse(text, out double value) ? value : double.NaN;

    /// <summary>Empty text is 0.</summary>
    public static T ToInteger<T>(ReadOnlySpan<char> text, string typeName)
        where T : IBinaryInteger<T>, IMinMaxValue<T>
    {
        bool signed = T.MinValue < T.Zero;
        if (text.IsEmpty)
            return T.Zero;
        bool parsed = T.TryParse(text, signed ? NumberStyles.AllowLeadingSign : NumberStyles.None, CultureInfo.InvariantCulture, out var value) && text[0] != '+';
        Contracts.Check(parsed, $"Value could not be parsed from text to {typeName}.");
        return value;
    }

    /// <summary>Text that is neither true nor false is false.</summary>
    public static bool ToBoolean(ReadOnlySpan<char> text)
    {
        foreach (string yes in (ReadOnlySpan<string>)["t", "y", "1", "+", "+1", "yes", "true"])
        {
            if (text.Equals(yes, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    public static TimeSpan ToTimeSpan(ReadOnlySpan<char> text) => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : default;

    public static DateTime ToDateTime(ReadOnlySpan<char> text)
        => DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value) ? value : default;

    public static DateTimeOffset ToDateTimeOffset(ReadOnlySpan<char> text)
        => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value) ? value : default;
}
