using System.Globalization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Reads a value from text; false when the text says none. The value is then missing, or the type's default.</summary>
internal delegate bool TextParser<T>(ReadOnlyMemory<char> text, out T value);

internal static class TextParsers
{
    private const char Infinity = '\u221E';

    /// <param name="type">The type of the values.</param>
    /// <param name="decimalMarker">What separates the fraction of a real number.</param>
    /// <param name="emptyIsNaN">Whether a real number without text is NaN, or 0.</param>
    public static TextParser<T> Get<T>(PrimitiveDataViewType type, char decimalMarker = '.', bool emptyIsNaN = false)
    {
        if (type is KeyDataViewType key)
            return Key<T>(key.Count);
        Delegate parser = default(T) switch
        {
            sbyte => (TextParser<sbyte>)Signed,
            short => (TextParser<short>)Signed,
            int => (TextParser<int>)Signed,
            long => (TextParser<long>)Signed,
            byte => (TextParser<byte>)Unsigned,
            ushort => (TextParser<ushort>)Unsigned,
            uint => (TextParser<uint>)Unsigned,
            ulong => (TextParser<ulong>)Unsigned,
            float => (TextParser<float>)((ReadOnlyMemory<char> text, out float value) =>
            {
                bool good = Real(text.Span, decimalMarker, emptyIsNaN, out double number);
                value = (float)number;
                return good;
            }),
            double => (TextParser<double>)((ReadOnlyMemory<char> text, out double value) => Real(text.Span, decimalMarker, emptyIsNaN, out value)),
            bool => (TextParser<bool>)Boolean,
            ReadOnlyMemory<char> => (TextParser<ReadOnlyMemory<char>>)((ReadOnlyMemory<char> text, out ReadOnlyMemory<char> value) =>
            {
                value = text;
                return true;
            }),
            TimeSpan => (TextParser<TimeSpan>)((ReadOnlyMemory<char> text, out TimeSpan value) =>
                TimeSpan.TryParse(text.Span, CultureInfo.InvariantCulture, out value) || text.IsEmpty),
            DateTime => (TextParser<DateTime>)((ReadOnlyMemory<char> text, out DateTime value) =>
                DateTime.TryParse(text.Span, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out value) || text.IsEmpty),
            DateTimeOffset => (TextParser<DateTimeOffset>)((ReadOnlyMemory<char> text, out DateTimeOffset value) =>
                DateTimeOffset.TryParse(text.Span, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out value) || text.IsEmpty),
            _ => throw Contracts.Except($"Values of type {type} cannot be read from text"),
        };
        return (TextParser<T>)parser;
    }

    /// <summary>Whether values of the type can be missing, so that bad text has something to become.</summary>
    public static bool HasMissingValue(PrimitiveDataViewType type) => type is KeyDataViewType || type == NumberDataViewType.Single || type == NumberDataViewType.Double;

    // Digits alone, after a minus for the signed ones; no text is 0 for these, and nothing for the unsigned ones.
    private static bool Signed<T>(ReadOnlyMemory<char> text, out T value) where T : struct, System.Numerics.INumber<T>
    {
        value = default;
        var digits = text.Span.StartsWith("-") ? text.Span[1..] : text.Span;
        return text.IsEmpty || (AllDigits(digits) && T.TryParse(text.Span, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value));
    }

    private static bool Unsigned<T>(ReadOnlyMemory<char> text, out T value) where T : struct, System.Numerics.INumber<T>
    {
        value = default;
        return AllDigits(text.Span) && T.TryParse(text.Span, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static bool AllDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    // Keys count from 0 in text.
    private static TextParser<T> Key<T>(ulong count) => (ReadOnlyMemory<char> text, out T value) =>
    {
        value = default;
        if (text.IsEmpty || IsMissing(text.Span))
            return true;
        if (!Unsigned(text, out ulong key) || key >= count)
            return false;
        value = (T)Convert.ChangeType(key + 1, typeof(T), CultureInfo.InvariantCulture);
        return true;
    };

    private static bool IsMissing(ReadOnlySpan<char> text)
        => text is "?" || text.Equals("NA", StringComparison.OrdinalIgnoreCase) || text.Equals("N/A", StringComparison.OrdinalIgnoreCase) || text.Equals("NaN", StringComparison.OrdinalIgnoreCase);

    private static bool Boolean(ReadOnlyMemory<char> text, out bool value)
    {
        value = text.Length switch
        {
            1 => "TtYy1+".Contains(text.Span[0]),
            2 => text.Span is "+1",
            3 => text.Span.Equals("yes", StringComparison.OrdinalIgnoreCase),
            4 => text.Span.Equals("true", StringComparison.OrdinalIgnoreCase),
            _ => false,
        };
        return value || text.Length switch
        {
            0 => true,
            1 => "FfNn0-".Contains(text.Span[0]),
            2 => text.Span is "-1" || text.Span.Equals("no", StringComparison.OrdinalIgnoreCase),
            5 => text.Span.Equals("false", StringComparison.OrdinalIgnoreCase),
            _ => false,
        };
    }

    private static bool Real(ReadOnlySpan<char> text, char decimalMarker, bool emptyIsNaN, out double value)
    {
        var trimmed = text.Trim();
        if (trimmed.IsEmpty)
        {
            value = emptyIsNaN ? double.NaN : 0;
            return true;
        }
        value = double.NaN;
        if (IsMissing(trimmed) && (trimmed is "?" or "NaN" || trimmed.Length == text.Length))
            return true;
        if (trimmed is "Infinity" || (trimmed.Length == 1 && trimmed[0] == Infinity))
            value = double.PositiveInfinity;
        else if (trimmed is "-Infinity" || (trimmed.Length == 2 && trimmed[0] == '-' && trimmed[1] == Infinity))
            value = double.NegativeInfinity;
        else if (!IsReal(trimmed, decimalMarker))
            return false;
        else if (decimalMarker == '.')
            value = double.Parse(trimmed, CultureInfo.InvariantCulture);
        else
            value = double.Parse(trimmed.ToString().Replace(decimalMarker, '.'), CultureInfo.InvariantCulture);
        return true;
    }

    /// <summary>Sign, digits with at most one decimal marker, exponent.</summary>
    private static bool IsReal(ReadOnlySpan<char> text, char decimalMarker)
    {
        int at = text[0] is '-' or '+' ? 1 : 0;
        int digits = SkipDigits(text, ref at);
        if (at < text.Length && text[at] == decimalMarker)
        {
            at++;
            digits += SkipDigits(text, ref at);
        }
        if (digits == 0)
            return false;
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            at++;
            if (at < text.Length && text[at] is '-' or '+')
                at++;
            if (SkipDigits(text, ref at) == 0)
                return false;
        }
        return at == text.Length;
    }

    private static int SkipDigits(ReadOnlySpan<char> text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return at - start;
    }
}
