using System.Collections.Frozen;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The methods of Python's <c>str</c>. On a markup text they give markup texts, and escape the texts they put in.</summary>
internal static class StringMethods
{
    private static readonly FrozenDictionary<string, MethodBody> Table = new Dictionary<string, MethodBody>
    {
        ["upper"] = Plain("upper", Characters.Upper),
        ["lower"] = Plain("lower", Characters.Lower),
        ["casefold"] = Plain("casefold", Characters.Fold),
        ["capitalize"] = Plain("capitalize", Characters.Capitalize),
        ["title"] = Plain("title", Characters.TitleWords),
        ["swapcase"] = Plain("swapcase", Characters.SwapCase),
        ["strip"] = (_, self, a) => Strip(self, a, "strip", start: true, end: true),
        ["lstrip"] = (_, self, a) => Strip(self, a, "lstrip", start: true, end: false),
        ["rstrip"] = (_, self, a) => Strip(self, a, "rstrip", start: false, end: true),
        ["split"] = (_, self, a) => Split(self, a, "split", fromEnd: false),
        ["rsplit"] = (_, self, a) => Split(self, a, "rsplit", fromEnd: true),
        ["splitlines"] = SplitLines,
        ["partition"] = (_, self, a) => Partition(self, a, "partition", last: false),
        ["rpartition"] = (_, self, a) => Partition(self, a, "rpartition", last: true),
        ["join"] = Join,
        ["replace"] = Replace,
        ["startswith"] = (_, self, a) => Affix(self, a, "startswith", end: false),
        ["endswith"] = (_, self, a) => Affix(self, a, "endswith", end: true),
        ["removeprefix"] = (_, self, a) => Remove(self, a, "removeprefix", end: false),
        ["removesuffix"] = (_, self, a) => Remove(self, a, "removesuffix", end: true),
        ["find"] = (_, self, a) => Find(self, a, "find", last: false) ?? -1,
        ["rfind"] = (_, self, a) => Find(self, a, "rfind", last: true) ?? -1,
        ["index"] = (_, self, a) => Find(self, a, "index", last: false) ?? throw Raise.Value("substring not found"),
        ["rindex"] = (_, self, a) => Find(self, a, "rindex", last: true) ?? throw Raise.Value("substring not found"),
        ["count"] = Count,
        ["center"] = (_, self, a) => Pad(self, a, "center", static missing => missing / 2),
        ["ljust"] = (_, self, a) => Pad(self, a, "ljust", static _ => 0),
        ["rjust"] = (_, self, a) => Pad(self, a, "rjust", static missing => missing),
        ["zfill"] = ZeroFill,
        ["expandtabs"] = ExpandTabs,
        ["isalpha"] = All("isalpha", Characters.IsAlphabetic),
        ["isdecimal"] = All("isdecimal", Characters.IsDecimal),
        ["isdigit"] = All("isdigit", Characters.IsDigit),
        ["isnumeric"] = All("isnumeric", Characters.IsNumeric),
        ["isalnum"] = All("isalnum", Characters.IsAlphanumeric),
        ["isspace"] = All("isspace", Characters.IsSpace),
        ["isprintable"] = Test("isprintable", text => CodePointText.Values(text).All(Characters.IsPrintable)),
        ["isascii"] = Test("isascii", text => System.Text.Ascii.IsValid(text)),
        ["isidentifier"] = Test("isidentifier", Characters.IsIdentifier),
        ["islower"] = Test("islower", IsLower),
        ["isupper"] = Test("isupper", IsUpper),
        ["istitle"] = Test("istitle", IsTitle),
        ["format"] = (_, self, a) => Same(self, BraceFormat.Format(TextOf(self), a.Positional, new NamedFields(a.Named), self is MarkupText)),
        ["format_map"] = FormatMap,
        ["encode"] = (_, self, a) => Encodings.Encode(TextOf(self), a),
        ["translate"] = Translate,
        ["maketrans"] = MakeTable,
        ["striptags"] = (_, self, a) => self is MarkupText markup ? Markup.StripTags(markup.Text) : throw Raise.Attribute(self, "striptags"),
        ["unescape"] = (_, self, a) => self is MarkupText markup ? System.Net.WebUtility.HtmlDecode(markup.Text) : throw Raise.Attribute(self, "unescape"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Of(object text, string name, out object? method)
    {
        method = Table.TryGetValue(name, out var body) && (text is MarkupText || name is not ("striptags" or "unescape")) ? new BoundMethod(text, name, body) : null;
        return method is not null;
    }

    public static bool IsLower(string text) => CodePointText.Values(text).Any(Characters.IsLower) && !CodePointText.Values(text).Any(c => Characters.IsUpper(c) || Characters.IsTitle(c));

    public static bool IsUpper(string text) => CodePointText.Values(text).Any(Characters.IsUpper) && !CodePointText.Values(text).Any(c => Characters.IsLower(c) || Characters.IsTitle(c));

    /// <summary>The lines of a text by all that Python takes for a line's end.</summary>
    public static List<string> Lines(string text, bool keepEnds)
    {
        RenderBudget.Make(text.Length);
        var lines = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var length = text.AsSpan(at).IndexOfAny("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");
            var end = length < 0 ? text.Length : at + length;
            var next = end == text.Length ? end : text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1;
            RenderBudget.Make(1);
            lines.Add(text[at..(keepEnds ? next : end)]);
            at = next;
        }
        return lines;
    }

    /// <summary>The words between white space.</summary>
    public static List<string> Words(string text, long most = -1)
    {
        RenderBudget.Make(text.Length);
        var words = new List<string>();
        for (var at = 0; ;)
        {
            while (at < text.Length && Characters.IsSpace(text[at])) at++;
            if (at == text.Length) return words;
            RenderBudget.Make(1);
            if (most >= 0 && words.Count >= most)
            {
                words.Add(text[at..]);
                return words;
            }
            var start = at;
            while (at < text.Length && !Characters.IsSpace(text[at])) at++;
            words.Add(text[start..at]);
        }
    }

    public static string Replace(string text, string old, string replacement, long most)
    {
        RenderBudget.Characters(text.Length);
        if (most == 0) return text;
        if (old.Length == 0)
        {
            var output = new PrintBuffer();
            var left = most < 0 ? long.MaxValue : most;
            foreach (var character in CodePointText.Each(text))
            {
                if (left-- > 0) output.Append(replacement);
                output.Append((string)character!);
            }
            if (left > 0) output.Append(replacement);
            return output.ToString();
        }
        var found = CountOf(text, old);
        if (found == 0) return text;
        RenderBudget.Make(text.Length + ((most < 0 ? found : Math.Min(found, most)) * Math.Max(0L, replacement.Length - old.Length)));
        if (most < 0 || most >= found) return text.Replace(old, replacement, StringComparison.Ordinal);
        var result = new System.Text.StringBuilder();
        var at = 0;
        for (; most > 0; most--)
        {
            var next = text.IndexOf(old, at, StringComparison.Ordinal);
            result.Append(text, at, next - at).Append(replacement);
            at = next + old.Length;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }

    private static string TextOf(object? self) => self as string ?? ((MarkupText)self!).Text;

    private static object Same(object? self, string text) => self is MarkupText ? new MarkupText(text) : text;

    private static object List(object? self, IEnumerable<string> texts) => new ListValue([.. texts.Select(text => Same(self, text))]);

    private static string TextArgument(object? value, string message) => Values.IsText(value, out var text) ? text : throw Raise.Type(string.Format(System.Globalization.CultureInfo.InvariantCulture, message, Values.TypeName(value)));

    private static MethodBody Plain(string name, Func<string, string> change) => (_, self, a) =>
    {
        a.Expect($"str.{name}", 0, 0);
        RenderBudget.Make(TextOf(self).Length);
        RenderBudget.Steps(TextOf(self).Length >> 2);
        return Same(self, change(TextOf(self)));
    };

    private static MethodBody Test(string name, Func<string, bool> test) => (_, self, a) =>
    {
        a.Expect($"str.{name}", 0, 0);
        RenderBudget.Steps(TextOf(self).Length >> 2);
        return Values.Box(test(TextOf(self)));
    };

    private static MethodBody All(string name, Func<int, bool> test) => Test(name, text => text.Length > 0 && CodePointText.Values(text).All(test));

    private static object Strip(object? self, Arguments a, string name, bool start, bool end)
    {
        a.Expect(name, 0, 1);
        var characters = a.At(0) is { } given ? TextArgument(given, $"{name} arg must be None or str") : null;
        var text = TextOf(self);
        var stripped = Characters.Strip(text, characters, start, end);
        return ReferenceEquals(stripped, text) ? self! : Same(self, stripped);
    }

    private static object Split(object? self, Arguments a, string name, bool fromEnd)
    {
        a.Expect(name, 0, 2, "sep", "maxsplit");
        var text = TextOf(self);
        var most = a.At(1, "maxsplit") is { } limit ? PythonNumbers.ToIndex(limit) : -1;
        if (a.At(0, "sep") is not { } separator) return List(self, fromEnd && most >= 0 ? WordsFromEnd(text, most) : Words(text, most));
        var by = TextArgument(separator, "must be str or None, not {0}");
        if (by.Length == 0) throw Raise.Value("empty separator");
        RenderBudget.Make(text.Length);
        RenderBudget.Search(text, by);
        var parts = new List<string>();
        if (fromEnd)
        {
            var end = text.Length;
            for (int at; most-- != 0 && (at = end < by.Length ? -1 : text.LastIndexOf(by, end - 1, end, StringComparison.Ordinal)) >= 0; end = at)
            {
                RenderBudget.Make(1);
                parts.Add(text[(at + by.Length)..end]);
            }
            parts.Add(text[..end]);
            parts.Reverse();
        }
        else
        {
            var start = 0;
            for (int at; most-- != 0 && (at = text.IndexOf(by, start, StringComparison.Ordinal)) >= 0; start = at + by.Length)
            {
                RenderBudget.Make(1);
                parts.Add(text[start..at]);
            }
            parts.Add(text[start..]);
        }
        return List(self, parts);
    }

    private static List<string> WordsFromEnd(string text, long most)
    {
        RenderBudget.Make(text.Length);
        var words = new List<string>();
        for (var at = text.Length; ;)
        {
            while (at > 0 && Characters.IsSpace(text[at - 1])) at--;
            if (at == 0) break;
            if (words.Count >= most)
            {
                words.Add(text[..at]);
                break;
            }
            var end = at;
            while (at > 0 && !Characters.IsSpace(text[at - 1])) at--;
            RenderBudget.Make(1);
            words.Add(text[at..end]);
        }
        words.Reverse();
        return words;
    }

    private static object SplitLines(RenderState state, object? self, Arguments a)
    {
        a.Expect("splitlines", 0, 1, "keepends");
        return List(self, Lines(TextOf(self), Values.IsTrue(a.At(0, "keepends"))));
    }

    private static object Partition(object? self, Arguments a, string name, bool last)
    {
        a.Expect($"str.{name}", 1, 1);
        var text = TextOf(self);
        var by = TextArgument(a.At(0), "must be str, not {0}");
        if (by.Length == 0) throw Raise.Value("empty separator");
        RenderBudget.Make(text.Length);
        RenderBudget.Search(text, by);
        var at = last ? text.LastIndexOf(by, StringComparison.Ordinal) : text.IndexOf(by, StringComparison.Ordinal);
        string[] parts = at >= 0 ? [text[..at], by, text[(at + by.Length)..]] : last ? ["", "", text] : [text, "", ""];
        return new TupleValue([.. parts.Select(part => Same(self, part))]);
    }

    private static object Join(RenderState state, object? self, Arguments a)
    {
        a.Expect("str.join", 1, 1);
        if (Values.IterateOrNull(a.At(0)) is not { } each) throw Raise.Type("can only join an iterable");
        var output = new PrintBuffer();
        var index = 0;
        var markup = self is MarkupText;
        while (each.MoveNext())
        {
            RenderBudget.Steps(1);
            if (index > 0) output.Append(TextOf(self));
            if (markup) output.Append(MarkupText.Escape(each.Current));
            else if (Values.IsText(each.Current, out var text)) output.Append(text);
            else throw Raise.Type($"sequence item {index}: expected str instance, {Values.TypeName(each.Current)} found");
            index++;
        }
        return Same(self, output.ToString());
    }

    private static object Replace(RenderState state, object? self, Arguments a)
    {
        a.Expect("replace", 2, 3);
        var old = TextArgument(a.At(0), "replace() argument 1 must be str, not {0}");
        var replacement = self is MarkupText ? MarkupText.Escape(a.At(1)) : TextArgument(a.At(1), "replace() argument 2 must be str, not {0}");
        return Same(self, Replace(TextOf(self), old, replacement, a.Count > 2 ? PythonNumbers.ToIndex(a.At(2)) : -1));
    }

    private static object Affix(object? self, Arguments a, string name, bool end)
    {
        a.Expect(name, 1, 3);
        if (Part(TextOf(self), a) is not { } text) return Values.False;
        return Values.Box(a.At(0) switch
        {
            TupleValue tuple => tuple.Items.Any(item => Has(Values.IsText(item, out var one) ? one : throw Raise.Type($"tuple for {name} must only contain str, not {Values.TypeName(item)}"))),
            var affix => Has(TextArgument(affix, $"{name} first arg must be str or a tuple of str, not {{0}}")),
        });

        bool Has(string affix)
        {
            RenderBudget.Characters(affix.Length);
            return end ? text.EndsWith(affix, StringComparison.Ordinal) : text.StartsWith(affix, StringComparison.Ordinal);
        }
    }

    private static object Remove(object? self, Arguments a, string name, bool end)
    {
        a.Expect($"str.{name}", 1, 1);
        var text = TextOf(self);
        var affix = TextArgument(a.At(0), $"{name}() argument must be str, not {{0}}");
        RenderBudget.Make(text.Length);
        if (affix.Length == 0 || !(end ? text.EndsWith(affix, StringComparison.Ordinal) : text.StartsWith(affix, StringComparison.Ordinal))) return Same(self, text);
        return Same(self, end ? text[..^affix.Length] : text[affix.Length..]);
    }

    private static object? Find(object? self, Arguments a, string name, bool last)
    {
        a.Expect(name, 1, 3);
        var sought = TextArgument(a.At(0), "must be str, not {0}");
        var text = TextOf(self);
        var (from, _, _, length) = Slicing.Indices(a.At(1), a.At(2), null, CodePointText.Count(text));
        if (Part(text, a) is not { } part) return null;
        RenderBudget.Search(part, sought);
        var at = last ? (sought.Length == 0 ? part.Length : part.LastIndexOf(sought, StringComparison.Ordinal)) : part.IndexOf(sought, StringComparison.Ordinal);
        return at < 0 ? null : from + CodePointText.Count(part.AsSpan(0, at));
    }

    private static object Count(RenderState state, object? self, Arguments a)
    {
        a.Expect("count", 1, 3);
        var sought = TextArgument(a.At(0), "must be str, not {0}");
        if (Part(TextOf(self), a) is not { } part) return 0L;
        return sought.Length == 0 ? CodePointText.Count(part) + 1L : CountOf(part, sought);
    }

    private static long CountOf(string text, string sought)
    {
        RenderBudget.Search(text, sought);
        var count = 0L;
        for (var at = text.IndexOf(sought, StringComparison.Ordinal); at >= 0; at = text.IndexOf(sought, at + sought.Length, StringComparison.Ordinal)) count++;
        return count;
    }

    /// <summary>The part of a text that the second and third argument name; null where its start lies behind its end.</summary>
    private static string? Part(string text, Arguments a)
    {
        if (a.Count < 2) return text;
        var count = CodePointText.Count(text);
        var (from, to, _, _) = Slicing.Indices(a.At(1), a.At(2), null, count);
        if (from > to || (PythonNumbers.AsInteger(a.At(1)) is { } start && start > count)) return null;
        return text[CodePointText.Offset(text, (int)from)..CodePointText.Offset(text, (int)to)];
    }

    private static object Pad(object? self, Arguments a, string name, Func<long, long> leftOf)
    {
        a.Expect(name, 1, 2);
        var text = TextOf(self);
        var width = PythonNumbers.ToIndex(a.At(0));
        var fill = a.Count > 1 ? TextArgument(a.At(1), $"The fill character must be a unicode character, not {{0}}") : " ";
        if (CodePointText.Count(fill) != 1) throw Raise.Type("The fill character must be exactly one character long");
        if (self is MarkupText) fill = MarkupText.Escape(fill);
        var missing = width - CodePointText.Count(text);
        if (missing <= 0) return self!;
        RenderBudget.Make(text.Length + Math.Min(missing, long.MaxValue / 8) * fill.Length);
        // Python's center puts the odd blank to the left where the width is odd.
        var left = name == "center" ? (missing / 2) + (missing & width & 1) : leftOf(missing);
        return Same(self, Repeat(fill, left) + text + Repeat(fill, missing - left));
    }

    private static string Repeat(string fill, long count) => fill.Length == 1 ? new string(fill[0], (int)count) : string.Concat(Enumerable.Repeat(fill, (int)count));

    private static object ZeroFill(RenderState state, object? self, Arguments a)
    {
        a.Expect("str.zfill", 1, 1);
        var text = TextOf(self);
        var missing = PythonNumbers.ToIndex(a.At(0)) - CodePointText.Count(text);
        if (missing <= 0) return self!;
        RenderBudget.Make(text.Length + missing);
        var sign = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        return Same(self, text[..sign] + new string('0', (int)missing) + text[sign..]);
    }

    private static object ExpandTabs(RenderState state, object? self, Arguments a)
    {
        a.Expect("expandtabs", 0, 1, "tabsize");
        var size = a.At(0, "tabsize") is { } given ? PythonNumbers.ToIndex(given) : 8;
        if (size > int.MaxValue) throw Raise.Overflow("Python int too large to convert to C int");
        var output = new PrintBuffer();
        var column = 0L;
        foreach (string character in CodePointText.Each(TextOf(self)).Cast<string>())
        {
            if (character == "\t")
            {
                if (size <= 0) continue;
                var blanks = size - (column % size);
                RenderBudget.Make(0);
                output.Append(' ', (int)blanks);
                column += blanks;
                continue;
            }
            output.Append(character);
            column = character is "\n" or "\r" ? 0 : column + 1;
        }
        return Same(self, output.ToString());
    }

    private static bool IsTitle(string text)
    {
        var (any, afterCased) = (false, false);
        foreach (var character in CodePointText.Values(text))
        {
            var upper = Characters.IsUpper(character) || Characters.IsTitle(character);
            if (upper ? afterCased : Characters.IsLower(character) && !afterCased) return false;
            afterCased = upper || Characters.IsLower(character);
            any |= afterCased;
        }
        return any;
    }

    private static object FormatMap(RenderState state, object? self, Arguments a)
    {
        if (a.Named.Length > 0) throw Raise.Type("format_map() takes no keyword arguments");
        if (a.Count != 1) throw Raise.Type($"format_map() takes exactly one argument ({a.Count} given)");
        return Same(self, BraceFormat.Format(TextOf(self), [], new NamedFields(a.At(0)), self is MarkupText));
    }

    private static object Translate(RenderState state, object? self, Arguments a)
    {
        a.Expect("str.translate", 1, 1);
        var output = new PrintBuffer();
        foreach (var character in CodePointText.Values(TextOf(self)))
        {
            RenderBudget.Steps(1);
            var found = a.At(0) is DictValue table ? (table.TryGetValue((long)character, out var other) ? other : (long)character)
                : a.At(0) is UndefinedValue undefined ? throw undefined.Error()
                : Values.GetItem(a.At(0), (long)character) is var item && item is UndefinedValue ? (a.At(0) is TemplateObject or string ? (long)character : throw Raise.Type($"'{Values.TypeName(a.At(0))}' object is not subscriptable")) : item;
            switch (found)
            {
                case null: break;
                case long code when code is >= 0 and <= 0x10ffff: output.AppendCodePoint((int)code); break;
                case long: throw Raise.Value("character mapping must be in range(0x110000)");
                default: output.Append(Values.IsText(found, out var text) ? text : throw Raise.Type("character mapping must return integer, None or str")); break;
            }
        }
        return Same(self, output.ToString());
    }

    private static object MakeTable(RenderState state, object? self, Arguments a)
    {
        a.Expect("maketrans", 1, 3);
        var table = new DictValue();
        if (a.Count == 1)
        {
            if (a.At(0) is not DictValue given) throw Raise.Type("if you give only one argument to maketrans it must be a dict");
            for (var i = 0; i < given.Count; i++)
            {
                var (key, value) = given.At(i);
                if (!Values.IsText(key, out var text)) table[key is long ? key : throw Raise.Type("keys in translate table must be strings or integers")] = value;
                else table[CodePointText.Count(text) == 1 ? (long)CodePointText.ValueAt(text, 0) : throw Raise.Value("string keys in translate table must be of length 1")] = value;
            }
            return table;
        }
        var from = CodePointText.Values(TextArgument(a.At(0), "first maketrans argument must be a string if there is a second argument")).ToArray();
        var to = CodePointText.Values(TextArgument(a.At(1), "maketrans() argument 2 must be str, not {0}")).ToArray();
        if (from.Length != to.Length) throw Raise.Value("the first two maketrans arguments must have equal length");
        for (var i = 0; i < from.Length; i++) table[(long)from[i]] = (long)to[i];
        if (a.Count > 2) foreach (var character in CodePointText.Values(TextArgument(a.At(2), "maketrans() argument 3 must be str, not {0}"))) table[(long)character] = null;
        return table;
    }
}
