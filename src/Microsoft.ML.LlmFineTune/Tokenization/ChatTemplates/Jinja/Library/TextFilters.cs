using static Microsoft.ML.LlmFineTune.Tokenization.Filters;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Filters that make texts.</summary>
internal static class TextFilters
{
    private const string WordStart = "-({[<";

    public static IEnumerable<(string Name, BuiltinFunction Filter)> All()
    {
        yield return New("upper", "do_upper", 1, ["s"], (_, a) => OnText(a[0], Characters.Upper));
        yield return New("lower", "do_lower", 1, ["s"], (_, a) => OnText(a[0], Characters.Lower));
        yield return New("capitalize", "do_capitalize", 1, ["s"], (_, a) => OnText(a[0], Characters.Capitalize));
        yield return New("title", "do_title", 1, ["s"], (_, a) => Title(Printing.Text(a[0])));
        yield return New("trim", "do_trim", 1, ["value", "chars"], (_, a) => Trim(a[0], Or(a[1], null)));
        yield return New("string", "soft_str", 1, ["s"], (_, a) => SoftText(a[0]));
        yield return New("replace", "do_replace", 3, ["s", "old", "new", "count"], Replace, hidden: 1);
        yield return New("center", "do_center", 1, ["value", "width"], (state, a) => Method(state, SoftText(a[0]), "center", Or(a[1], 80L)));
        yield return New("format", "do_format", 1, ["value", "*"], Format);
        yield return New("indent", "do_indent", 1, ["s", "width", "first", "blank"], Indent);
        yield return New("truncate", "do_truncate", 1, ["s", "length", "killwords", "end", "leeway"], Truncate, hidden: 1);
        yield return New("wordcount", "do_wordcount", 1, ["s"], (_, a) => WordCount(Printing.Text(a[0])));
        yield return New("wordwrap", "do_wordwrap", 1, ["s", "width", "break_long_words", "wrapstring", "break_on_hyphens"], WordWrapping.Filter, hidden: 1);
        yield return New("join", "sync_do_join", 1, ["value", "d", "attribute"], Join, hidden: 1);
        yield return New("tojson", "tojson", 1, ["x", "ensure_ascii", "indent", "separators", "sort_keys"], (_, a) => JsonText.Of(a[0], Or(a[1], Values.False), Or(a[2], null), Or(a[3], null), Or(a[4], Values.False)));
        yield return New("pprint", "do_pprint", 1, ["value"], (_, a) => PrettyPrinting.Of(a[0]));
        yield return New("urlencode", "do_urlencode", 1, ["value"], (_, a) => UrlEncode(a[0]));
        yield return New("urlize", "do_urlize", 1, ["value", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes"], Urlize, hidden: 1);
        yield return New("xmlattr", "do_xmlattr", 1, ["d", "autospace"], XmlAttributes, hidden: 1);
        yield return New("striptags", "do_striptags", 1, ["value"], (_, a) => Markup.StripTags(Printing.Text(a[0])));
        yield return New("safe", "do_mark_safe", 1, ["value"], (_, a) => new MarkupText(Printing.Text(a[0])));
        foreach (var name in new[] { "e", "escape" }) yield return New(name, "escape", 1, ["s"], (_, a) => new MarkupText(MarkupText.Escape(a[0])));
        yield return New("forceescape", "do_forceescape", 1, ["value"], (_, a) => new MarkupText(MarkupText.Escape(Printing.Text(a[0]))));
    }

    private static object? Method(RenderState state, object? value, string name, params object?[] arguments) =>
        Values.TryGetAttribute(value, name, out var method) ? Values.Call(state, method, new Arguments(arguments)) : throw Raise.Attribute(value, name);

    private static object Trim(object? value, object? characters)
    {
        if (characters is not null && !Values.IsText(characters)) throw Raise.Type("strip arg must be None or str");
        return OnText(value, text => Characters.Strip(text, characters is null ? null : Printing.Text(characters), start: true, end: true))!;
    }

    private static string Title(string text)
    {
        var output = new PrintBuffer();
        for (var at = 0; at < text.Length;)
        {
            var start = at;
            var boundary = IsBoundary(text[at]);
            while (at < text.Length && IsBoundary(text[at]) == boundary) at++;
            var word = text[start..at];
            var first = CodePointText.LengthAt(word, 0);
            output.Append(boundary ? word : Characters.Upper(word[..first]) + Characters.Lower(word[first..]));
        }
        return output.ToString();
    }

    private static bool IsBoundary(char character) => WordStart.Contains(character) || Characters.IsSpace(character);

    private static object? Replace(RenderState state, object?[] a)
    {
        var most = Or(a[3], null) is { } count ? PythonNumbers.ToIndex(count) : -1;
        return StringMethods.Replace(Printing.Text(a[0]), Printing.Text(a[1]), Printing.Text(a[2]), most);
    }

    private static object? Format(RenderState state, object?[] a)
    {
        var (positional, named) = ((TupleValue)a[1]!, (DictValue)a[2]!);
        if (positional.Items.Length > 0 && named.Count > 0) throw Raise.FilterArgument("can't handle positional and keyword arguments at the same time");
        return Operators.Modulo(SoftText(a[0]), named.Count > 0 ? named : positional);
    }

    private static object? Indent(RenderState state, object?[] a)
    {
        var indention = Or(a[1], 4L) is var width && Values.IsText(width, out var given) ? given : Blanks(width);
        var (first, blank) = (Flag(a[2]), Flag(a[3]));
        if (a[0] is UndefinedValue undefined) throw undefined.Error();
        if (!Values.IsText(a[0], out var text))
            throw a[0] is ListValue or TupleValue ? Raise.Type($"can only concatenate {Values.TypeName(a[0])} (not \"str\") to {Values.TypeName(a[0])}") : Raise.Type($"unsupported operand type(s) for +=: '{Values.TypeName(a[0])}' and 'str'");
        if (a[0] is MarkupText && Values.IsText(width)) indention = MarkupText.Escape(width is MarkupText ? width : new MarkupText(indention));
        var lines = StringMethods.Lines(text + "\n", keepEnds: false);
        var output = new PrintBuffer();
        for (var i = 0; i < lines.Count; i++)
        {
            if (i > 0) output.Append('\n');
            if (i == 0 ? first : blank || lines[i].Length > 0) output.Append(indention);
            output.Append(lines[i]);
        }
        return a[0] is MarkupText ? new MarkupText(output.ToString()) : output.ToString();
    }

    private static string Blanks(object? count)
    {
        if (!PythonNumbers.IsInteger(count)) throw count is UndefinedValue undefined ? undefined.Error() : Raise.Type($"can't multiply sequence by non-int of type '{Values.TypeName(count)}'");
        var blanks = Math.Max(PythonNumbers.ToIndex(count), 0);
        RenderBudget.Make(blanks);
        return new string(' ', (int)blanks);
    }

    private static object? Truncate(RenderState state, object?[] a)
    {
        var (length, leeway) = (Or(a[1], 255L), Or(a[4], null) ?? 5L);
        var (killWords, end) = (Flag(a[2]), Or(a[3], "..."));
        var endLength = Values.Length(end);
        if (!Comparison.GreaterOrEqual(length, endLength)) throw new ChatTemplateException(ChatTemplateErrorKind.AssertionError, $"expected length >= {endLength}, got {Printing.Text(length)}");
        if (!Comparison.GreaterOrEqual(leeway, 0L)) throw new ChatTemplateException(ChatTemplateErrorKind.AssertionError, $"expected leeway >= 0, got {Printing.Text(leeway)}");
        if (Comparison.LessOrEqual(Values.Length(a[0]), Operators.Add(length, leeway))) return a[0];
        var cut = Slicing.Of(a[0], null, Operators.Subtract(length, endLength), null);
        if (killWords) return Operators.Add(cut, end);
        var words = Method(state, cut, "rsplit", " ", 1L);
        return Operators.Add(Values.GetItem(words, 0L), end);
    }

    private static object WordCount(string text)
    {
        var count = 0L;
        var inWord = false;
        foreach (var character in CodePointText.Values(text))
        {
            var word = Characters.IsWord(character);
            if (word && !inWord) count++;
            inWord = word;
        }
        RenderBudget.Steps(text.Length >> 2);
        return count;
    }

    private static object? Join(RenderState state, object?[] a)
    {
        var separator = Printing.Text(Or(a[1], ""));
        var path = Or(a[2], null) is { } attribute ? new AttributePath(attribute) : null;
        var output = new PrintBuffer();
        var first = true;
        using var each = Values.Iterate(a[0]);
        while (each.MoveNext())
        {
            RenderBudget.Steps(1);
            if (!first) output.Append(separator);
            first = false;
            output.Append(Printing.Text(path is null ? each.Current : path.Of(each.Current)));
        }
        return output.ToString();
    }

    private static object? UrlEncode(object? value)
    {
        if (Values.IsText(value) || Values.IterateOrNull(value) is null) return Quote(value, query: false);
        var output = new PrintBuffer();
        foreach (var item in value is DictValue dict ? Values.ToArray(new DictView(dict, DictPart.Items)) : Values.ToArray(value))
        {
            var pair = Values.ToArray(item);
            if (pair.Length != 2) throw Raise.Value(pair.Length < 2 ? $"not enough values to unpack (expected 2, got {pair.Length})" : "too many values to unpack (expected 2)");
            if (output.Length > 0) output.Append('&');
            output.Append($"{Quote(pair[0], query: true)}={Quote(pair[1], query: true)}");
        }
        return output.ToString();
    }

    private static string Quote(object? value, bool query)
    {
        var bytes = value is BytesValue raw ? raw : (BytesValue)Encodings.Encode(Printing.Text(value), Arguments.None);
        var output = new PrintBuffer();
        foreach (var b in bytes.Bytes)
        {
            var character = (char)b;
            if (char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '-' or '~' || (character == '/' && !query)) output.Append(character);
            else if (character == ' ' && query) output.Append('+');
            else output.Append($"%{b:X2}");
        }
        return output.ToString();
    }

    private static object? Urlize(RenderState state, object?[] a)
    {
        var rel = new SortedSet<string>(StringMethods.Words(Printing.Text(Or(a[4], null) ?? "")), StringComparer.Ordinal) { "noopener" };
        if (Flag(a[2])) rel.Add("nofollow");
        var schemes = Or(a[5], null) is { } given ? Values.ToArray(given).Select(Printing.Text).ToArray() : [];
        foreach (var scheme in schemes)
        {
            if (!System.Text.RegularExpressions.Regex.IsMatch(scheme, @"^([\w.+-]{2,}:(/){0,2})$")) throw Raise.FilterArgument($"{Printing.Repr(scheme)} is not a valid URI scheme prefix.");
        }
        return Markup.Urlize(Printing.Text(a[0]), Or(a[1], null) is { } trim ? Math.Max(PythonNumbers.ToIndex(trim), 0) : null, string.Join(' ', rel), Or(a[3], null) is { } target ? Printing.Text(target) : null, schemes);
    }

    private static object? XmlAttributes(RenderState state, object?[] a)
    {
        if (a[0] is not DictValue dict) throw a[0] is UndefinedValue undefined ? undefined.Error() : Raise.Attribute(a[0], "items");
        var output = new PrintBuffer();
        for (var i = 0; i < dict.Count; i++)
        {
            var (key, value) = dict.At(i);
            if (value is null or UndefinedValue) continue;
            if (!Values.IsText(key, out var name)) throw Raise.Type($"expected string or bytes-like object, got '{Values.TypeName(key)}'");
            if (name.AsSpan().IndexOfAny(" \t\n\r\f\v/>=") >= 0) throw Raise.Value($"Invalid character in attribute name: {Printing.Repr(key)}");
            if (output.Length > 0 || Flag(a[1], true)) output.Append(' ');
            output.Append($"{MarkupText.Escape(key)}=\"{MarkupText.Escape(value)}\"");
        }
        return output.ToString();
    }
}
