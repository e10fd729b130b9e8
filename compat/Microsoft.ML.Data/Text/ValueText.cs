using System.Globalization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How values are written as text.</summary>
internal static class ValueText
{
    public static Func<T, string> Get<T>(DataViewType type, char separator)
    {
        if (type is KeyDataViewType key)
            return value => KeyText(Convert.ToUInt64(value, CultureInfo.InvariantCulture), key.Count);
        Delegate write = default(T) switch
        {
            ReadOnlyMemory<char> => (Func<ReadOnlyMemory<char>, string>)(value => Quote(value.Span, separator)),
            float => (Func<float, string>)(value => float.IsNaN(value) ? "?" : value.ToString("R", CultureInfo.InvariantCulture)),
            double => (Func<double, string>)(value => double.IsNaN(value) ? "?" : value.ToString("G17", CultureInfo.InvariantCulture)),
            bool => (Func<bool, string>)(value => value ? "1" : "0"),
            TimeSpan => (Func<TimeSpan, string>)(value => $"\"{value:c}\""),
            DateTime => (Func<DateTime, string>)(value => $"\"{value:o}\""),
            DateTimeOffset => (Func<DateTimeOffset, string>)(value => $"\"{value:o}\""),
            _ => (Func<T, string>)(value => Convert.ToString(value, CultureInfo.InvariantCulture)),
        };
        return (Func<T, string>)write;
    }

    // Keys count from 0 in text; a missing one is no text.
    private static string KeyText(ulong key, ulong count) => 0 < key && key <= count ? (key - 1).ToString(CultureInfo.InvariantCulture) : "";

    /// <summary>Text in quotes, where it could be taken for something else without.</summary>
    public static string Quote(ReadOnlySpan<char> text, char separator)
    {
        if (text.IsEmpty)
            return "\"\"";
        bool plain = text[0] != ' ' && !text.ContainsAny(['"', ':', '\n', separator]);
        return plain ? text.ToString() : $"\"{text.ToString().Replace("\"", "\"\"")}\"";
    }
}
