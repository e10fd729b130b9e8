using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Parses patterns as Oniguruma reads them (its doc/RE and doc/SYNTAX.md, Unicode options), or Rust where <see cref="RegexFlavor.Rust"/> says so. Bounded in length and nesting.
/// Refused: what .NET has no equal of (\X, \K, \y, calls, conditions, absent expressions, callouts).
/// </summary>
internal sealed class RegexParser
{
    public const int LongestPattern = 16_384;
    private const int DeepestNesting = 100;
    private const int HighestRepetition = 100_000;

    // \R gives no part of CR LF back.
    private static readonly RegexNode LineEnd = new RegexNode.Atomic(new RegexNode.Alternation(
    [
        new RegexNode.Sequence([new RegexNode.Character(CodePointSet.Of('\r')), new RegexNode.Character(CodePointSet.Of('\n'))]),
        new RegexNode.Character(CodePointSet.Of([('\n', '\r'), (0x85, 0x85), (0x2028, 0x2029)])),
    ]));

    private readonly string _pattern;
    private readonly bool _rust;
    private readonly bool _named;
    private readonly Dictionary<string, List<int>> _names = new(StringComparer.Ordinal);
    private readonly int _groupTotal;
    private int _groups;
    private int _at;
    private int _depth;
    private Options _options;

    private RegexParser(string pattern, RegexFlavor flavor)
    {
        _pattern = pattern;
        _rust = flavor == RegexFlavor.Rust;
        (_groupTotal, _named) = CountGroups(pattern);
    }

    [Flags]
    private enum Options
    {
        None = 0,
        IgnoreCase = 1,
        Extended = 2,
        DotAll = 4,
        Lines = 8,
    }

    private bool AtEnd => _at >= _pattern.Length;

    /// <exception cref="InvalidDataException">The pattern is malformed, too long or too deep, or has something that isn't supported; the message has the place.</exception>
    public static RegexNode Parse(string pattern, RegexFlavor flavor)
    {
        if (pattern.Length > LongestPattern)
            throw new InvalidDataException($"A regular expression must have at most {LongestPattern} characters; this one has {pattern.Length}: {pattern[..60]}...");
        var parser = new RegexParser(pattern, flavor);
        var node = parser.ParseChoices();
        return parser.AtEnd ? node : throw parser.Error("a ')' without a '('");
    }

    private InvalidDataException Error(string what, int? at = null) =>
        new($"The regular expression '{(_pattern.Length > 200 ? _pattern[..200] + "..." : _pattern)}' cannot be used: {what}, at character {Math.Min(at ?? _at, _pattern.Length)}.");

    private RegexNode ParseChoices()
    {
        if (++_depth > DeepestNesting)
            throw Error($"groups may be nested {DeepestNesting} deep");
        var saved = _options;
        var choices = new List<RegexNode>();
        do
            choices.Add(ParseSequence());
        while (Take("|"));
        _options = saved;
        _depth--;
        return choices.Count == 1 ? choices[0] : new RegexNode.Alternation(choices);
    }

    private RegexNode.Sequence ParseSequence()
    {
        var items = new List<RegexNode>();
        while (!AtEnd && _pattern[_at] is not ('|' or ')'))
        {
            var start = _at;
            if (IsolatedOptions() is { } options)
            {
                _options = options;
                // In Oniguruma the options' reach is a group to the next ')', choices included.
                if (!_rust)
                {
                    items.Add(ParseChoices());
                    break;
                }
                continue;
            }
            if (ParseItem() is { } item)
                items.Add(Repeated(item, start));
        }
        return new RegexNode.Sequence(items);
    }

    // Null: nothing that matches (a comment, or white space under (?x)).
    private RegexNode? ParseItem()
    {
        var start = _at;
        var codePoint = Next();
        switch (codePoint)
        {
            case '.':
                return new RegexNode.Character(_options.HasFlag(Options.DotAll) ? CodePointSet.All : CodePointSets.AllButLineFeed);
            case '^':
                // Oniguruma: not behind a line feed that ends the text.
                return new RegexNode.Anchor(!_rust ? @"(?:\A|(?<=\n)(?!\z))" : _options.HasFlag(Options.Lines) ? @"(?:\A|(?<=\n))" : @"\A");
            case '$':
                return new RegexNode.Anchor(!_rust || _options.HasFlag(Options.Lines) ? @"(?=\n|\z)" : @"\z");
            case '[':
                return new RegexNode.Character(ParseSet());
            case '(':
                return ParseGroup(start);
            case '\\':
                return ParseEscape(start);
            case '*' or '+' or '?':
                throw Error("there is nothing to repeat", start);
            case ' ' or '\t' or '\n' or '\r' or '\f' or '\v' when _options.HasFlag(Options.Extended):
                return null;
            case '#' when _options.HasFlag(Options.Extended):
                while (!AtEnd && _pattern[_at] != '\n')
                    _at++;
                return null;
            case '{' when _rust:
                throw Error("there is nothing to repeat", start);
            default:
                return Literal(codePoint);
        }
    }

    private RegexNode.Character Literal(int codePoint)
    {
        var set = CodePointSet.Of(codePoint);
        return new RegexNode.Character(_options.HasFlag(Options.IgnoreCase) ? set.IgnoringCase() : set);
    }

    private RegexNode Repeated(RegexNode item, int start)
    {
        for (var count = 0; ; count++)
        {
            var at = _at;
            if (ParseCounts() is not var (minimum, maximum, kind))
                return item;
            if (item is RegexNode.Look or RegexNode.Anchor or RegexNode.Boundary)
                throw Error("a place in the text cannot be repeated", start);
            if (count >= 8)
                throw Error("there are too many repetitions of one item", at);
            item = new RegexNode.Repetition(item, minimum, maximum, kind);
        }
    }

    private (int Minimum, int? Maximum, RepetitionKind Kind)? ParseCounts()
    {
        if (_options.HasFlag(Options.Extended))
        {
            while (!AtEnd && _pattern[_at] is ' ' or '\t' or '\n' or '\r')
                _at++;
        }
        if (AtEnd)
            return null;
        switch (_pattern[_at])
        {
            case '*':
                _at++;
                return (0, null, Kind());
            case '+':
                _at++;
                return (1, null, Kind());
            case '?':
                _at++;
                return (0, 1, Kind());
            case '{':
                return ParseInterval();
            default:
                return null;
        }
    }

    private RepetitionKind Kind() => Take("?") ? RepetitionKind.Lazy : Take("+") ? RepetitionKind.Possessive : RepetitionKind.Greedy;

    // Null where a '{' is just a character.
    private (int Minimum, int? Maximum, RepetitionKind Kind)? ParseInterval()
    {
        var start = _at++;
        var minimum = Number();
        var comma = Take(",");
        var maximum = comma ? Number() : minimum;
        if (!Take("}") || (minimum is null && maximum is null) || (_rust && minimum is null))
        {
            _at = start;
            return _rust ? throw Error("a repetition must be {n}, {n,} or {n,m}") : null;
        }
        if (minimum > HighestRepetition || maximum > HighestRepetition)
            throw Error($"a repetition may go up to {HighestRepetition}", start);
        if (maximum < minimum)
        {
            // Oniguruma: the numbers the other way round are a possessive repetition.
            return _rust ? throw Error("the repetition's numbers are the wrong way round", start) : (maximum.Value, minimum, RepetitionKind.Possessive);
        }
        if (_rust)
            return (minimum!.Value, maximum, Kind());
        // {n}? and {n,m}+ are repetitions of a repetition there.
        return (minimum ?? 0, maximum, comma && Take("?") ? RepetitionKind.Lazy : RepetitionKind.Greedy);
    }

    private int? Number()
    {
        var start = _at;
        long value = 0;
        while (!AtEnd && char.IsAsciiDigit(_pattern[_at]))
            value = Math.Min((value * 10) + _pattern[_at++] - '0', int.MaxValue);
        return _at > start ? (int)value : null;
    }

    private RegexNode? ParseGroup(int start)
    {
        if (!Take("?"))
            return Take("*") ? throw Error("callouts (*...) are not supported", start) : Captured(start, null);
        if (Take("#"))
        {
            while (!AtEnd && _pattern[_at] != ')')
                _at += _pattern[_at] == '\\' ? 2 : 1;
            Close(start);
            return null;
        }
        if (Take(":"))
            return Closed(start);
        if (Take("="))
            return new RegexNode.Look(Closed(start), Behind: false, Negative: false);
        if (Take("!"))
            return new RegexNode.Look(Closed(start), Behind: false, Negative: true);
        if (Take(">"))
            return new RegexNode.Atomic(Closed(start));
        if (Take("<="))
            return new RegexNode.Look(Closed(start), Behind: true, Negative: false);
        if (Take("<!"))
            return new RegexNode.Look(Closed(start), Behind: true, Negative: true);
        if (Take("<") || (_rust && Take("P<")))
            return Captured(start, Name('>'));
        if (Take("'"))
            return Captured(start, Name('\''));
        if (ParseOptions(':') is { } options)
        {
            var saved = _options;
            _options = options;
            var item = Closed(start);
            _options = saved;
            return item;
        }
        throw Error("this kind of group is not supported", start);
    }

    private RegexNode Captured(int start, string? name)
    {
        // Where a group has a name, those without are none.
        if (name is null && _named && !_rust)
            return Closed(start);
        var number = ++_groups;
        if (name is not null)
        {
            if (!_names.TryGetValue(name, out var numbers))
                _names.Add(name, numbers = []);
            numbers.Add(number);
        }
        return new RegexNode.Capture(number, Closed(start));
    }

    private RegexNode Closed(int start)
    {
        var node = ParseChoices();
        Close(start);
        return node;
    }

    private void Close(int start)
    {
        if (!Take(")"))
            throw Error("this '(' is not closed", start);
    }

    private string Name(char end)
    {
        var start = _at;
        while (!AtEnd && (char.IsAsciiLetterOrDigit(_pattern[_at]) || _pattern[_at] == '_'))
            _at++;
        var name = _pattern[start.._at];
        return name.Length > 0 && !char.IsAsciiDigit(name[0]) && Take(end.ToString()) ? name : throw Error("a group's name must be a word of ASCII letters, digits and underscores", start);
    }

    // (?i-x) without a colon.
    private Options? IsolatedOptions()
    {
        var start = _at;
        if (Take("(?") && ParseOptions(')') is { } options)
            return options;
        _at = start;
        return null;
    }

    private Options? ParseOptions(char end)
    {
        var start = _at;
        var (options, off) = (_options, false);
        for (; !AtEnd; _at++)
        {
            var unit = _pattern[_at];
            if (unit == end && _at > start)
            {
                _at++;
                return options;
            }
            if (unit == '-' && !off)
            {
                off = true;
                continue;
            }
            Options? option = unit switch
            {
                'i' => Options.IgnoreCase,
                'x' => Options.Extended,
                'm' => _rust ? Options.Lines : Options.DotAll,
                's' when _rust => Options.DotAll,
                'u' when _rust && !off => Options.None,
                _ => null,
            };
            if (option is null)
                break;
            options = off ? options & ~option.Value : options | option.Value;
        }
        _at = start;
        return null;
    }

    private RegexNode ParseEscape(int start)
    {
        if (AtEnd)
            throw Error("the pattern ends with a backslash", start);
        switch (_pattern[_at])
        {
            case 'A':
                _at++;
                return new RegexNode.Anchor(@"\A");
            case 'z':
                _at++;
                return new RegexNode.Anchor(@"\z");
            case 'Z':
                _at++;
                return new RegexNode.Anchor(@"(?=\n?\z)");
            case 'G':
                _at++;
                return new RegexNode.Anchor(@"\G");
            case 'b' or 'B':
                return new RegexNode.Boundary(CodePointSets.Word, _pattern[_at++] == 'B');
            case 'R' when !_rust:
                _at++;
                return LineEnd;
            case 'N' when !_rust:
                _at++;
                return new RegexNode.Character(CodePointSets.AllButLineFeed);
            case 'O' when !_rust:
                _at++;
                return new RegexNode.Character(CodePointSet.All);
            case 'X' or 'K' or 'y' or 'Y' or 'g':
                throw Error($"\\{_pattern[_at]} is not supported", start);
            case 'k':
                return ParseNamedReference(start);
            case >= '1' and <= '9':
                return ParseNumberedReference(start);
        }
        if (EscapedSet(start) is { } set)
            return new RegexNode.Character(set);
        return Literal(EscapedCharacter(start));
    }

    private RegexNode.BackReference ParseNumberedReference(int start)
    {
        var number = Number()!.Value;
        if (number > _groupTotal || (_named && !_rust))
            throw Error(_named ? "groups with names must be referred to by name" : $"there is no group {number}", start);
        return new RegexNode.BackReference([number], _options.HasFlag(Options.IgnoreCase));
    }

    private RegexNode.BackReference ParseNamedReference(int start)
    {
        _at++;
        if (AtEnd || _pattern[_at] is not ('<' or '\''))
            throw Error("\\k must be followed by <name>", start);
        var end = _pattern[_at++] == '<' ? '>' : '\'';
        if (!AtEnd && char.IsAsciiDigit(_pattern[_at]))
        {
            var reference = ParseNumberedReference(start);
            return Take(end.ToString()) ? reference : throw Error("\\k must be followed by <name>", start);
        }
        var name = Name(end);
        return _names.TryGetValue(name, out var numbers) ? new RegexNode.BackReference([.. numbers], _options.HasFlag(Options.IgnoreCase)) : throw Error($"no group before it is named '{name}'", start);
    }

    // \d, \p{...} and their kind; null for anything else.
    private CodePointSet? EscapedSet(int start)
    {
        var unit = _pattern[_at];
        switch (unit)
        {
            case 's' or 'S' or 'w' or 'W' or 'd' or 'D' or 'h' or 'H':
                _at++;
                var set = char.ToLowerInvariant(unit) switch { 's' => CodePointSets.WhiteSpace, 'w' => CodePointSets.Word, 'd' => CodePointSets.Digit, _ => CodePointSets.HexadecimalDigit };
                return char.IsAsciiLetterUpper(unit) ? set.Not() : set;
            case 'p' or 'P':
                _at++;
                return ParseProperty(start, unit == 'P');
            default:
                return null;
        }
    }

    private CodePointSet ParseProperty(int start, bool negative)
    {
        if (AtEnd)
            throw Error("\\p must be followed by {name}", start);
        string name;
        if (Take("{"))
        {
            var end = _pattern.IndexOf('}', _at);
            if (end < 0)
                throw Error("\\p{ is not closed", start);
            name = _pattern[_at..end];
            _at = end + 1;
            if (name.StartsWith('^'))
                (name, negative) = (name[1..], !negative);
        }
        else
        {
            name = _pattern[_at++].ToString();
        }
        // Rust: Script=Greek, gc=L.
        var equals = name.IndexOfAny(['=', ':']);
        var known = CodePointSets.Named(_rust && equals > 0 && name[..equals].ToLowerInvariant() is "script" or "sc" or "scx" or "gc" or "general_category" ? name[(equals + 1)..] : name)
            ?? throw Error($"the property '{(name.Length > 60 ? name[..60] : name)}' is not known", start);
        return negative ? known.Not() : known;
    }

    // The backslash is read; any other character stands for itself.
    private int EscapedCharacter(int start)
    {
        var codePoint = Next();
        switch (codePoint)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return '\a';
            case 'e':
                return 0x1B;
            case 'x' when Take("{"):
                return Hexadecimal(start, 1, 8, '}');
            case 'x':
                // One byte of UTF-8 there.
                var value = Hexadecimal(start, 1, 2);
                return value < 0x80 || _rust ? value : throw Error("\\x above 7F must be written \\x{...}", start);
            case 'u' when _rust && Take("{"):
                return Hexadecimal(start, 1, 8, '}');
            case 'u':
                return Hexadecimal(start, 4, 4);
            case '0':
                var octal = 0;
                for (var digits = 0; digits < 2 && !AtEnd && _pattern[_at] is >= '0' and <= '7'; digits++)
                    octal = (octal * 8) + _pattern[_at++] - '0';
                return octal;
            case 'c' when !AtEnd && _pattern[_at] is > ' ' and < '\x7F' and not '\\':
                return _pattern[_at++] & 0x1F;
            case 'c' or 'C' or 'M':
                throw Error("this control character is not supported", start);
            default:
                return codePoint;
        }
    }

    private int Hexadecimal(int start, int fewest, int most, char? end = null)
    {
        var first = _at;
        while (!AtEnd && _at - first < most && char.IsAsciiHexDigit(_pattern[_at]))
            _at++;
        if (_at - first < fewest || (end is not null && (AtEnd || _pattern[_at] != end)))
            throw Error("hexadecimal digits are missing", start);
        var value = long.Parse(_pattern.AsSpan(first, _at - first), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (end is not null)
            _at++;
        return value <= CodePointSet.Last ? (int)value : throw Error("a code point must be at most 10FFFF", start);
    }

    // Behind the '['.
    private CodePointSet ParseSet()
    {
        var start = _at - 1;
        if (++_depth > DeepestNesting)
            throw Error($"sets may be nested {DeepestNesting} deep");
        var negative = Take("^");
        var result = default(CodePointSet);
        var parts = new List<(int First, int Last)>();
        var first = true;
        while (true)
        {
            if (AtEnd)
                throw Error("this '[' is not closed", start);
            // A ']' that comes first is a character, if another one closes the set.
            if (_pattern[_at] == ']' && !(first && _pattern.IndexOf(']', _at + 1) >= 0))
                break;
            first = false;
            if (Take("&&"))
            {
                result = Intersection(result, parts);
                parts = [];
                continue;
            }
            ParseSetPart(parts);
        }
        _at++;
        _depth--;
        var set = Intersection(result, parts);
        return negative ? set.Not() : set;
    }

    private CodePointSet Intersection(CodePointSet? left, List<(int First, int Last)> parts)
    {
        var right = CodePointSet.Of(parts);
        if (_options.HasFlag(Options.IgnoreCase))
            right = right.IgnoringCase();
        return left is null ? right : left.And(right);
    }

    private void ParseSetPart(List<(int First, int Last)> parts)
    {
        var start = _at;
        if (_pattern[_at] == '[')
        {
            _at++;
            parts.AddRange((ParsePosix() ?? ParseSet()).Ranges);
            return;
        }
        if (_pattern[_at] == '\\' && _at + 1 < _pattern.Length)
        {
            _at++;
            if (EscapedSet(start) is { } named)
            {
                parts.AddRange(named.Ranges);
                return;
            }
            _at--;
        }
        var first = SetCharacter();
        // A hyphen before the end or before a set is a character.
        if (!AtEnd && _pattern[_at] == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] is not ']' && !IsSetAt(_at + 1))
        {
            _at++;
            var last = SetCharacter();
            parts.Add(first <= last ? (first, last) : throw Error("the range is the wrong way round", start));
            return;
        }
        parts.Add((first, first));
    }

    private bool IsSetAt(int at) => _pattern[at] == '[' || (_pattern[at] == '\\' && at + 1 < _pattern.Length && _pattern[at + 1] is 's' or 'S' or 'w' or 'W' or 'd' or 'D' or 'h' or 'H' or 'p' or 'P')
        || (_pattern[at] == '&' && at + 1 < _pattern.Length && _pattern[at + 1] == '&');

    private int SetCharacter()
    {
        var start = _at;
        if (!Take("\\"))
            return Next();
        if (AtEnd)
            throw Error("the pattern ends with a backslash", start);
        return Take("b") ? '\b' : EscapedCharacter(start);
    }

    // [:name:], behind the '['; null where it is no such thing.
    private CodePointSet? ParsePosix()
    {
        var start = _at;
        if (!Take(":"))
            return null;
        var negative = Take("^");
        var end = _pattern.IndexOf(":]", _at, StringComparison.Ordinal);
        if (end < 0 || end - _at > 20 || _pattern.AsSpan(_at, end - _at).ContainsAnyExceptInRange('a', 'z'))
        {
            _at = start;
            return null;
        }
        var name = _pattern[_at..end];
        var set = name is "alnum" or "alpha" or "ascii" or "blank" or "cntrl" or "digit" or "graph" or "lower" or "print" or "punct" or "space" or "upper" or "xdigit" or "word" ? CodePointSets.Named(name)! : throw Error($"there is no set [:{name}:]", start);
        _at = end + 2;
        return negative ? set.Not() : set;
    }

    private bool Take(string expected)
    {
        if (string.CompareOrdinal(_pattern, _at, expected, 0, expected.Length) != 0)
            return false;
        _at += expected.Length;
        return true;
    }

    private int Next()
    {
        var codePoint = CodePoints.At(_pattern, _at, out var length);
        _at += length;
        return codePoint;
    }

    // References may stand before their groups, and one name changes what '(' means.
    private static (int Count, bool Named) CountGroups(string pattern)
    {
        var (plain, named, depth) = (0, 0, 0);
        for (var at = 0; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case '\\':
                    at++;
                    break;
                case '[':
                    depth++;
                    break;
                case ']' when depth > 0:
                    depth--;
                    break;
                case '(' when depth == 0:
                    var rest = pattern.AsSpan(at + 1);
                    if (!rest.StartsWith('?'))
                        plain++;
                    else if (rest.StartsWith("?'") || rest.StartsWith("?P<") || (rest.StartsWith("?<") && !rest.StartsWith("?<=") && !rest.StartsWith("?<!")))
                        named++;
                    break;
            }
        }
        return (plain + named, named > 0);
    }
}
