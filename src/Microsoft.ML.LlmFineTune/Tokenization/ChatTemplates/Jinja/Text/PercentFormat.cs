namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's <c>text % values</c>.</summary>
internal sealed class PercentFormat
{
    private readonly string _format;
    private readonly bool _markup;
    private readonly object?[] _values;
    private readonly object? _mapping;
    private readonly bool _hasMapping;
    private readonly PrintBuffer _output = new();
    private int _at;
    private int _used;

    private PercentFormat(string format, object? values, bool markup)
    {
        (_format, _markup) = (format, markup);
        _values = values is TupleValue tuple ? tuple.Items : [values];
        _hasMapping = values is DictValue or ListValue or UndefinedValue or RangeValue or BytesValue;
        _mapping = values;
    }

    public static string Format(string format, object? values, bool markup = false)
    {
        if (!format.Contains('%') && values is TupleValue { Items.Length: 0 }) return format;
        return new PercentFormat(format, values, markup).Run();
    }

    private string Run()
    {
        while (_at < _format.Length)
        {
            var next = _format.IndexOf('%', _at);
            if (next < 0) next = _format.Length;
            _output.Append(_format.AsSpan(_at, next - _at));
            _at = next;
            if (_at < _format.Length) Field();
        }
        if (_used < _values.Length && !_hasMapping) throw Raise.Type("not all arguments converted during string formatting");
        return _output.ToString();
    }

    private void Field()
    {
        _at++;
        object? keyed = null;
        var hasKey = false;
        if (Peek() == '(')
        {
            if (!_hasMapping) throw Raise.Type("format requires a mapping");
            (keyed, hasKey) = (Lookup(Key()), true);
        }
        bool left = false, zero = false, alternate = false;
        var sign = '\0';
        for (; Peek() is '-' or '0' or '#' or '+' or ' '; _at++)
        {
            switch (_format[_at])
            {
                case '-': left = true; break;
                case '0': zero = true; break;
                case '#': alternate = true; break;
                case '+': sign = '+'; break;
                default: sign = sign == '\0' ? ' ' : sign; break;
            }
        }
        var width = Size("width too big");
        if (width < 0) (left, width) = (true, -width);
        int? precision = null;
        if (Peek() == '.')
        {
            _at++;
            precision = Math.Max(Size("precision too big") ?? 0, 0);
        }
        if (Peek() is 'h' or 'l' or 'L') _at++;
        var type = Peek();
        if (type == '\0' && _at >= _format.Length) throw Raise.Value("incomplete format");
        var at = _at;
        _at += CodePointText.LengthAt(_format, _at);
        if (type == '%')
        {
            _output.Append('%');
            return;
        }
        var value = hasKey ? keyed : Next();
        var spec = new FormatSpec { Width = width ?? 0, Align = left ? '<' : '\0', Sign = sign, Alternate = alternate, Precision = precision };
        switch (type)
        {
            case 's': Text(spec, _markup ? MarkupText.Escape(value) : Printing.Text(value)); break;
            case 'r': Text(spec, _markup ? MarkupText.Escape(Printing.Repr(value)) : Printing.Repr(value)); break;
            case 'a': Text(spec, Printing.Ascii(value)); break;
            case 'c': Text(spec, Character(value)); break;
            case 'd' or 'i' or 'u' or 'o' or 'x' or 'X': Integer(spec, value, type, zero && !left); break;
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G': Real(spec, value, type, zero && !left); break;
            default:
                var character = CodePointText.ValueAt(_format, at);
                throw Raise.Value($"unsupported format character '{(character is > 31 and < 128 ? ((char)character).ToString() : "?")}' (0x{character:x}) at index {CodePointText.Count(_format.AsSpan(0, at))}");
        }
    }

    private char Peek() => _at < _format.Length ? _format[_at] : '\0';

    private string Key()
    {
        var start = ++_at;
        for (var depth = 1; depth > 0; _at++)
        {
            if (_at >= _format.Length) throw Raise.Value("incomplete format key");
            depth += _format[_at] switch { '(' => 1, ')' => -1, _ => 0 };
        }
        return _format[start..(_at - 1)];
    }

    private object? Lookup(string key) => _mapping switch
    {
        DictValue dict => dict.TryGetValue(key, out var value) ? value : throw Raise.Key(key),
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw Raise.Type($"{Values.TypeName(_mapping)} indices must be integers or slices, not str"),
    };

    private object? Next()
    {
        if (_used >= _values.Length) throw Raise.Type("not enough arguments for format string");
        return _values[_used++];
    }

    private int? Size(string tooBig)
    {
        if (Peek() == '*')
        {
            _at++;
            var value = Next();
            if (!PythonNumbers.IsInteger(value)) throw Raise.Type("* wants int");
            return PythonNumbers.AsInteger(value) is { } given && Math.Abs((double)given) < int.MaxValue ? (int)given : throw Raise.Overflow("Python int too large to convert to C int");
        }
        if (!char.IsAsciiDigit(Peek())) return null;
        var size = 0L;
        for (; char.IsAsciiDigit(Peek()); _at++)
        {
            size = (size * 10) + (_format[_at] - '0');
            if (size > int.MaxValue) throw Raise.Value(tooBig);
        }
        return (int)size;
    }

    private void Text(FormatSpec spec, string text)
    {
        if (spec.Precision is { } most && most < CodePointText.Count(text)) text = text[..CodePointText.Offset(text, most)];
        _output.Append(spec.Pad("", text, '>'));
    }

    private static string Character(object? value)
    {
        if (Values.IsText(value, out var text)) return CodePointText.Count(text) == 1 ? text : throw Raise.Type("%c requires int or char");
        if (!PythonNumbers.IsInteger(value)) throw Raise.Type("%c requires int or char");
        return PythonNumbers.AsInteger(value) is { } code && code is >= 0 and < 0x110000 ? CodePointText.ToText((int)code) : throw Raise.Overflow("%c arg not in range(0x110000)");
    }

    private void Integer(FormatSpec spec, object? value, char type, bool zero)
    {
        if (value is UndefinedValue undefined) throw undefined.Error();
        if (value is double real && type is 'd' or 'i' or 'u') value = PythonNumbers.Truncate((double)value!);
        if (!PythonNumbers.IsInteger(value)) throw Raise.Type(type is 'd' or 'i' or 'u' ? $"%{type} format: a real number is required, not {Values.TypeName(value)}" : $"%{type} format: an integer is required, not {Values.TypeName(value)}");
        var integer = PythonNumbers.ToBig(value);
        var digits = FormatSpec.Digits(System.Numerics.BigInteger.Abs(integer), type switch { 'o' => 8, 'x' or 'X' => 16, _ => 10 }, type == 'X');
        if (spec.Precision is { } least)
        {
            RenderBudget.Make(least);
            digits = digits.PadLeft(least, '0');
        }
        var prefix = spec.Alternate ? type switch { 'o' => "0o", 'x' => "0x", 'X' => "0X", _ => "" } : "";
        Number(spec, integer.Sign < 0, prefix, digits, zero);
    }

    private void Real(FormatSpec spec, object? value, char type, bool zero)
    {
        if (value is UndefinedValue undefined) throw undefined.Error();
        if (!PythonNumbers.IsNumber(value)) throw Raise.Type($"must be real number, not {Values.TypeName(value)}");
        var real = PythonNumbers.ToDouble(value);
        var upper = char.IsAsciiLetterUpper(type);
        var body = double.IsNaN(real) ? "nan" : double.IsInfinity(real) ? "inf" : FormatSpec.RealText(real, char.ToLowerInvariant(type), spec.Precision, spec.Alternate);
        Number(spec, double.IsNegative(real) && !double.IsNaN(real), "", upper ? body.ToUpperInvariant() : body, zero);
    }

    private void Number(FormatSpec spec, bool negative, string prefix, string digits, bool zero)
    {
        var sign = (negative ? "-" : spec.Sign != '\0' ? spec.Sign.ToString() : "") + prefix;
        _output.Append((zero ? spec with { Fill = "0", Align = '=' } : spec).Pad(sign, digits, '>'));
    }
}
