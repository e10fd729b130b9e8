using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's <c>str</c> and <c>repr</c>.</summary>
internal static class Printing
{
    /// <summary>Python does not turn longer integers into text: that takes the square of their digits.</summary>
    public const int MostDigits = 4300;

    public static string Text(object? value)
    {
        switch (value)
        {
            case string text: return text;
            case MarkupText markup: return markup.Text;
            case long integer: return integer.ToString(CultureInfo.InvariantCulture);
            case TemplateObject other:
                var output = new PrintBuffer();
                other.WriteText(output);
                return output.ToString();
            default: return Scalar(value);
        }
    }

    public static string Repr(object? value)
    {
        var output = new PrintBuffer();
        WriteRepr(output, value);
        return output.ToString();
    }

    public static void WriteRepr(PrintBuffer output, object? value)
    {
        RenderBudget.Steps(1);
        switch (value)
        {
            case string text: WriteQuoted(output, text); break;
            case TemplateObject other: other.WriteRepr(output); break;
            default: output.Append(Scalar(value)); break;
        }
    }

    /// <summary>The shortest digits that read back as the same float, in Python's form.</summary>
    public static string Real(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        var (digits, exponent) = Digits(value.ToString("R", CultureInfo.InvariantCulture));
        var sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1 ? $"{sign}{digits}{new string('0', exponent + 1 - digits.Length)}.0" : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    public static string Integer(BigInteger value)
    {
        // 4,300 digits are 14,284 bits and some.
        if (value.GetBitLength() > 14_280 && BigInteger.Abs(value) >= BigInteger.Pow(10, MostDigits))
            throw Raise.Value($"Exceeds the limit ({MostDigits} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit");
        return value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A text as Python's <c>ascii</c> gives it: its repr with all else escaped.</summary>
    public static string Ascii(object? value)
    {
        var text = Repr(value);
        if (System.Text.Ascii.IsValid(text)) return text;
        var output = new PrintBuffer();
        foreach (var character in CodePointText.Values(text))
        {
            if (character < 128) output.Append((char)character);
            else WriteEscape(output, character);
        }
        return output.ToString();
    }

    private static string Scalar(object? value) => value switch
    {
        null => "None",
        bool truth => truth ? "True" : "False",
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        BigInteger big => Integer(big),
        double real => Real(real),
        _ => value.ToString() ?? "",
    };

    private static void WriteQuoted(PrintBuffer output, string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        output.Append(quote);
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = CodePointText.LengthAt(text, at);
            var character = CodePointText.ValueAt(text, at);
            switch (character)
            {
                case '\\': output.Append("\\\\"); break;
                case '\n': output.Append("\\n"); break;
                case '\r': output.Append("\\r"); break;
                case '\t': output.Append("\\t"); break;
                case '\'' or '"' when character == quote:
                    output.Append('\\');
                    output.Append(quote);
                    break;
                case >= ' ' and < 127: output.Append((char)character); break;
                default:
                    if (Characters.IsPrintable(character)) output.Append(text.AsSpan(at, length));
                    else WriteEscape(output, character);
                    break;
            }
        }
        output.Append(quote);
    }

    private static void WriteEscape(PrintBuffer output, int character) => output.Append(character switch
    {
        < 0x100 => $"\\x{character:x2}",
        < 0x10000 => $"\\u{character:x4}",
        _ => $"\\U{character:x8}",
    });

    /// <summary>The digits of a round-trip form without leading or trailing zeros, and the exponent of the first.</summary>
    private static (string Digits, int Exponent) Digits(string form)
    {
        var mantissa = form.TrimStart('-');
        var exponent = 0;
        var e = mantissa.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0)
        {
            exponent = int.Parse(mantissa.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            mantissa = mantissa[..e];
        }
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa : mantissa[..point];
        var digits = whole + (point < 0 ? "" : mantissa[(point + 1)..]);
        exponent += whole.Length - 1;
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits[leading..].TrimEnd('0');
        return (digits, exponent - leading);
    }
}
