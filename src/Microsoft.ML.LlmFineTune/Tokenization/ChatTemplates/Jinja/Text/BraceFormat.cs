namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The named values of a format: the keyword arguments of a call, or a mapping.</summary>
internal readonly struct NamedFields
{
    private readonly KeyValuePair<string, object?>[]? _arguments;
    private readonly object? _mapping;

    public NamedFields(KeyValuePair<string, object?>[] arguments) => _arguments = arguments;

    public NamedFields(object? mapping) => _mapping = mapping;

    public object? this[string name]
    {
        get
        {
            if (_arguments is not null)
            {
                foreach (var (key, value) in _arguments)
                {
                    if (key == name) return value;
                }
                throw Raise.Key(name);
            }
            return _mapping switch
            {
                DictValue dict => dict.TryGetValue(name, out var value) ? value : throw Raise.Key(name),
                UndefinedValue undefined => throw undefined.Error(),
                null or long or double or bool => throw Raise.Type($"'{Values.TypeName(_mapping)}' object is not subscriptable"),
                _ => throw Raise.Type($"{Values.TypeName(_mapping)} indices must be integers or slices, not str"),
            };
        }
    }
}

/// <summary>Python's <c>text.format(...)</c>, with the attributes and items of fields taken as the sandbox takes them.</summary>
internal static class BraceFormat
{
    public static string Format(string format, object?[] positional, NamedFields named, bool markup)
    {
        var output = new PrintBuffer();
        var automatic = 0;
        Write(output, format, positional, named, markup, 2, ref automatic);
        return output.ToString();
    }

    // automatic: the next number of a field without one; -1 as soon as a field had its own.
    private static void Write(PrintBuffer output, string format, object?[] positional, NamedFields named, bool markup, int depth, ref int automatic)
    {
        if (depth < 0) throw Raise.Value("Max string recursion exceeded");
        for (var at = 0; at < format.Length;)
        {
            var next = format.AsSpan(at).IndexOfAny('{', '}');
            if (next < 0)
            {
                output.Append(format.AsSpan(at));
                return;
            }
            output.Append(format.AsSpan(at, next));
            at += next;
            if (at + 1 < format.Length && format[at + 1] == format[at])
            {
                output.Append(format[at]);
                at += 2;
                continue;
            }
            if (format[at] == '}') throw Raise.Value("Single '}' encountered in format string");
            if (at + 1 == format.Length) throw Raise.Value("Single '{' encountered in format string");
            var (name, conversion, specification, end) = Field(format, at + 1);
            at = end;
            var value = Value(name, positional, named, ref automatic);
            value = conversion switch { '\0' => value, 's' => Printing.Text(value), 'r' => Printing.Repr(value), 'a' => Printing.Ascii(value), _ => throw Raise.Value($"Unknown conversion specifier {conversion}") };
            if (specification.Contains('{') || specification.Contains('}'))
            {
                var inner = new PrintBuffer();
                Write(inner, specification, positional, named, markup, depth - 1, ref automatic);
                specification = inner.ToString();
            }
            if (markup && value is MarkupText safe) output.Append(specification.Length == 0 ? safe.Text : throw Raise.Value("Unsupported format specification for Markup."));
            else output.Append(markup ? MarkupText.Escape(FormatSpec.Format(value, specification)) : FormatSpec.Format(value, specification));
        }
    }

    private static (string Name, char Conversion, string Specification, int End) Field(string format, int start)
    {
        var depth = 1;
        var end = start;
        var bracket = false;
        for (; end < format.Length; end++)
        {
            var c = format[end];
            if (bracket) bracket = c != ']';
            else if (c == '[') bracket = true;
            else if (c == '{') depth++;
            else if (c == '}' && --depth == 0) break;
        }
        if (end == format.Length) throw Raise.Value("expected '}' before end of string");
        var body = format[start..end];
        var mark = 0;
        for (bracket = false; mark < body.Length; mark++)
        {
            if (body[mark] == '{') throw Raise.Value("unexpected '{' in field name");
            if (body[mark] == '[') bracket = true;
            else if (body[mark] == ']') bracket = false;
            else if (!bracket && body[mark] is ':' or '!') break;
        }
        var name = body[..mark];
        if (mark == body.Length) return (name, '\0', "", end + 1);
        if (body[mark] == ':') return (name, '\0', body[(mark + 1)..], end + 1);
        if (mark + 1 >= body.Length) throw Raise.Value("end of string while looking for conversion specifier");
        var conversion = body[mark + 1];
        if (mark + 2 < body.Length && body[mark + 2] != ':') throw Raise.Value("expected ':' after conversion specifier");
        return (name, conversion, mark + 2 < body.Length ? body[(mark + 3)..] : "", end + 1);
    }

    private static object? Value(string field, object?[] positional, NamedFields named, ref int automatic)
    {
        var length = field.AsSpan().IndexOfAny('.', '[');
        var first = length < 0 ? field : field[..length];
        if (field.Length == 0)
        {
            if (automatic < 0) throw Raise.Value("cannot switch from manual field specification to automatic field numbering");
            first = automatic++.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        else if (field.All(char.IsAsciiDigit))
        {
            if (automatic > 0) throw Raise.Value("cannot switch from manual field specification to automatic field numbering");
            automatic = -1;
        }
        var value = IsIndex(first, out var index) ? (index < positional.Length ? positional[(int)index] : throw Raise.Index("tuple index out of range")) : named[first];
        for (var at = first.Length; at < field.Length && field.Length > 0;)
        {
            if (field[at] == '.')
            {
                var end = field.AsSpan(at + 1).IndexOfAny('.', '[') is var next && next < 0 ? field.Length : at + 1 + next;
                if (end == at + 1) throw Raise.Value("Empty attribute in format string");
                value = Values.GetAttribute(value, field[(at + 1)..end]);
                at = end;
                continue;
            }
            if (field[at] != '[') throw Raise.Value("Only '.' or '[' may follow ']' in format field specifier");
            var close = field.IndexOf(']', at);
            if (close < 0) throw Raise.Value("Missing ']' in format string");
            if (close == at + 1) throw Raise.Value("Empty attribute in format string");
            var key = field[(at + 1)..close];
            value = Values.GetItem(value, IsIndex(key, out var item) ? item : key);
            at = close + 1;
        }
        return value;
    }

    private static bool IsIndex(string text, out long index)
    {
        index = 0;
        return text.Length is > 0 and < 18 && text.All(char.IsAsciiDigit) && long.TryParse(text, out index);
    }
}
