using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's format specification: <c>[[fill]align][sign][#][0][width][grouping][.precision][type]</c>.</summary>
internal sealed record FormatSpec
{
    public string Fill { get; init; } = " ";

    public char Align { get; init; }

    public char Sign { get; init; }

    public bool Alternate { get; init; }

    public int Width { get; init; }

    public char Grouping { get; init; }

    public int? Precision { get; init; }

    public char Type { get; init; }

    /// <summary>A value by a specification: Python's <c>format(value, specification)</c>.</summary>
    public static string Format(object? value, string specification)
    {
        if (specification.Length == 0) return Printing.Text(value);
        var typeName = Values.TypeName(value);
        if (!Values.IsText(value) && !PythonNumbers.IsNumber(value)) throw Raise.Type($"unsupported format string passed to {typeName}.__format__");
        var spec = Parse(specification, typeName);
        return value switch
        {
            double real => spec.OfReal(real),
            string or MarkupText => spec.OfText(Printing.Text(value)),
            _ => spec.OfInteger(value),
        };
    }

    /// <summary>Digits, sign and prefix put into the width.</summary>
    public string Pad(string sign, string body, char align)
    {
        var missing = Width - CodePointText.Count(sign) - CodePointText.Count(body);
        if (missing <= 0) return sign + body;
        RenderBudget.Make((long)missing * Fill.Length);
        var fill = string.Concat(Enumerable.Repeat(Fill, missing));
        var left = missing / 2 * Fill.Length;
        return (Align == '\0' ? align : Align) switch
        {
            '<' => sign + body + fill,
            '^' => fill[..left] + sign + body + fill[left..],
            '=' => sign + fill + body,
            _ => fill + sign + body,
        };
    }

    private static FormatSpec Parse(string text, string typeName)
    {
        var spec = new FormatSpec();
        var at = 0;
        var first = CodePointText.LengthAt(text, 0);
        if (text.Length > first && text[first] is '<' or '>' or '=' or '^')
        {
            spec = spec with { Fill = text[..first], Align = text[first] };
            at = first + 1;
        }
        else if (text[0] is '<' or '>' or '=' or '^')
        {
            spec = spec with { Align = text[0] };
            at = 1;
        }
        if (at < text.Length && text[at] is '+' or '-' or ' ') spec = spec with { Sign = text[at++] };
        // Negative zero loses its sign.
        if (at < text.Length && text[at] == 'z') at++;
        if (at < text.Length && text[at] == '#')
        {
            spec = spec with { Alternate = true };
            at++;
        }
        if (at < text.Length && text[at] == '0')
        {
            if (spec.Align == '\0') spec = spec with { Fill = "0", Align = typeName is "str" or "Markup" ? '\0' : '=' };
            at++;
        }
        if (Number(text, ref at) is { } width) spec = spec with { Width = width };
        if (at < text.Length && text[at] is ',' or '_') spec = spec with { Grouping = text[at++] };
        if (at < text.Length && text[at] is ',' or '_') throw Raise.Value(text[at] == spec.Grouping ? $"Cannot specify '{text[at]}' with '{text[at]}'." : "Cannot specify both ',' and '_'.");
        if (at < text.Length && text[at] == '.')
        {
            at++;
            spec = spec with { Precision = Number(text, ref at) ?? throw Raise.Value("Format specifier missing precision") };
        }
        if (text.Length - at > 1) throw Raise.Value($"Invalid format specifier '{text}' for object of type '{typeName}'");
        return at < text.Length ? spec with { Type = text[at] } : spec;
    }

    private static int? Number(string text, ref int at)
    {
        var start = at;
        var value = 0L;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
        {
            value = (value * 10) + (text[at] - '0');
            if (value > int.MaxValue) throw Raise.Value("Too many decimal digits in format string");
        }
        return at == start ? null : (int)value;
    }

    private ChatTemplateException Unknown(string typeName) => Raise.Value($"Unknown format code '{Type}' for object of type '{typeName}'");

    private string OfText(string text)
    {
        if (Type is not ('\0' or 's')) throw Unknown("str");
        if (Sign != '\0') throw Raise.Value(Sign == ' ' ? "Space not allowed in string format specifier" : "Sign not allowed in string format specifier");
        if (Alternate) throw Raise.Value("Alternate form (#) not allowed in string format specifier");
        if (Align == '=') throw Raise.Value("'=' alignment not allowed in string format specifier");
        if (Grouping != '\0') throw Raise.Value($"Cannot specify '{Grouping}' with 's'.");
        RenderBudget.Make(text.Length);
        if (Precision is { } most && most < CodePointText.Count(text)) text = text[..CodePointText.Offset(text, most)];
        return Pad("", text, '<');
    }

    private string OfInteger(object? value)
    {
        if (Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%') return OfReal(PythonNumbers.ToDouble(value));
        if (Precision is not null) throw Raise.Value("Precision not allowed in integer format specifier");
        var integer = PythonNumbers.ToBig(value);
        if (Type == 'c')
        {
            if (Sign != '\0') throw Raise.Value("Sign not allowed with integer format specifier 'c'");
            if (integer < 0 || integer > 0x10ffff) throw Raise.Overflow("%c arg not in range(0x110000)");
            return Pad("", CodePointText.ToText((int)integer), '<');
        }
        var (radix, prefix) = Type switch { '\0' or 'd' or 'n' => (10, ""), 'b' => (2, "0b"), 'o' => (8, "0o"), 'x' => (16, "0x"), 'X' => (16, "0X"), _ => throw Unknown(Values.TypeName(value)) };
        if (Grouping == ',' && radix != 10) throw Raise.Value($"Cannot specify ',' with '{Type}'.");
        var digits = Digits(BigInteger.Abs(integer), radix, Type == 'X');
        return Grouped(SignOf(integer.Sign < 0) + (Alternate ? prefix : ""), digits, "", radix == 10 ? 3 : 4);
    }

    private string OfReal(double value)
    {
        var (lower, upper) = (char.ToLowerInvariant(Type), char.IsAsciiLetterUpper(Type));
        if (Type is not ('\0' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or 'n' or '%')) throw Unknown("float");
        var sign = SignOf(double.IsNegative(value) && !double.IsNaN(value));
        if (!double.IsFinite(value))
        {
            var name = (double.IsNaN(value) ? "nan" : "inf") + (Type == '%' ? "%" : "");
            return Pad(sign, upper ? name.ToUpperInvariant() : name, '>');
        }
        var body = Type == '\0' && Precision is null ? Printing.Real(Math.Abs(value)) : RealText(value, lower == 'n' ? 'g' : lower, Precision, Alternate);
        if (upper) body = body.ToUpperInvariant();
        var whole = body.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return whole < 0 ? Grouped(sign, body, "", 3) : Grouped(sign, body[..whole], body[whole..], 3);
    }

    /// <summary>|value| as one of the types of floats writes it: e, f, g, % or none.</summary>
    public static string RealText(double value, char type, int? precision, bool alternate)
    {
        switch (type)
        {
            case 'f':
                return RealDigits.Fixed(value, precision ?? 6) + (alternate && precision == 0 ? "." : "");
            case '%':
                return RealDigits.Fixed(value * 100, precision ?? 6) + (alternate && precision == 0 ? ".%" : "%");
            case 'e':
                var (digits, exponent) = RealDigits.Significant(value, (precision ?? 6) + 1);
                return Scientific(digits, exponent, alternate);
            default:
                var count = Math.Max(precision ?? 6, 1);
                (digits, exponent) = RealDigits.Significant(value, count);
                // Without a type at least one decimal is kept, and the exponent comes a digit sooner.
                var plain = type == '\0';
                var fixedForm = exponent >= -4 && exponent < (plain ? count - 1 : count);
                if (!alternate) digits = digits.TrimEnd('0');
                if (digits.Length == 0) digits = "0";
                if (!fixedForm) return Scientific(digits, exponent, alternate);
                if (exponent < 0) return $"0.{new string('0', -exponent - 1)}{digits}";
                var body = digits.Length <= exponent + 1 ? digits.PadRight(exponent + 1, '0') : $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
                return body.Contains('.') ? body : plain ? body + ".0" : alternate ? body + "." : body;
        }
    }

    /// <summary>Digits of an integer that is not negative.</summary>
    public static string Digits(BigInteger value, int radix, bool upper)
    {
        if (radix == 10) return Printing.Integer(value);
        RenderBudget.Make(value.GetBitLength() + 1);
        var digits = radix switch
        {
            16 => value.ToString(upper ? "X" : "x", CultureInfo.InvariantCulture).TrimStart('0'),
            2 => value.ToString("b", CultureInfo.InvariantCulture).TrimStart('0'),
            _ => Octal(value),
        };
        return digits.Length == 0 ? "0" : digits;
    }

    private static string Octal(BigInteger value)
    {
        var bits = value.ToString("b", CultureInfo.InvariantCulture);
        bits = bits.PadLeft((bits.Length + 2) / 3 * 3, '0');
        return string.Concat(bits.Chunk(3).Select(three => (char)('0' + ((three[0] - '0') * 4) + ((three[1] - '0') * 2) + three[2] - '0'))).TrimStart('0');
    }

    private static string Scientific(string digits, int exponent, bool alternate) =>
        string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{(digits.Length > 1 || alternate ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");

    private string SignOf(bool negative) => negative ? "-" : Sign is '+' or ' ' ? Sign.ToString() : "";

    private string Grouped(string sign, string digits, string rest, int size)
    {
        if (Grouping == '\0') return Pad(sign, digits + rest, '>');
        // Zeros that fill the width are grouped with the digits.
        if (Fill == "0" && Align == '=')
        {
            RenderBudget.Make(Width);
            while (sign.Length + digits.Length + ((digits.Length - 1) / size) + rest.Length < Width)
            {
                var missing = Width - (sign.Length + digits.Length + ((digits.Length - 1) / size) + rest.Length);
                digits = new string('0', Math.Max(1, missing * size / (size + 1))) + digits;
            }
        }
        var groups = new System.Text.StringBuilder();
        for (var i = 0; i < digits.Length; i++)
        {
            if (i > 0 && (digits.Length - i) % size == 0) groups.Append(Grouping);
            groups.Append(digits[i]);
        }
        return Pad(sign, groups.Append(rest).ToString(), '>');
    }
}
