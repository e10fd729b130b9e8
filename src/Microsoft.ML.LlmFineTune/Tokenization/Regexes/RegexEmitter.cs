using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Writes a parsed pattern for .NET, whose regular expressions know UTF-16 units alone. For texts without surrogates a code point is a unit;
/// for others a set becomes a choice of units, pairs and lone surrogates, and no match begins inside a pair.
/// </summary>
internal sealed class RegexEmitter
{
    private const int HighFirst = 0xD800;
    private const int HighLast = 0xDBFF;
    private const int LowFirst = 0xDC00;
    private const int LowLast = 0xDFFF;

    private readonly StringBuilder _out = new();
    private readonly bool _pairs;
    private readonly int _limit;
    private readonly Dictionary<CodePointSet, string> _sets = [];

    private RegexEmitter(bool pairs, int limit)
    {
        _pairs = pairs;
        _limit = limit;
    }

    /// <summary>The pattern for texts with or without surrogates; null where it would be longer than the limit.</summary>
    public static string? Emit(RegexNode node, bool pairs, int limit)
    {
        var emitter = new RegexEmitter(pairs, limit);
        if (pairs)
            emitter._out.Append(@"(?!(?<=[\uD800-\uDBFF])[\uDC00-\uDFFF])");
        emitter.Emit(node);
        return emitter._out.Length > limit ? null : emitter._out.ToString();
    }

    private void Emit(RegexNode node)
    {
        if (_out.Length > _limit)
            return;
        switch (node)
        {
            case RegexNode.Character(var set):
                EmitSet(set);
                break;
            case RegexNode.Sequence(var items):
                Group("(?:", items);
                break;
            case RegexNode.Alternation(var choices):
                Group("(?:", choices, "|");
                break;
            case RegexNode.Repetition(var item, var minimum, var maximum, var kind):
                _out.Append(kind == RepetitionKind.Possessive ? "(?>" : "(?:");
                Group("(?:", [item]);
                _out.Append(CultureInfo.InvariantCulture, $"{{{minimum},{maximum}}}").Append(kind == RepetitionKind.Lazy ? "?)" : ")");
                break;
            case RegexNode.Capture(var number, var item):
                Group(FormattableString.Invariant($"(?<g{number}>"), [item]);
                break;
            case RegexNode.Atomic(var item):
                Group("(?>", [item]);
                break;
            case RegexNode.Look(var item, var behind, var negative):
                Group($"(?{(behind ? "<" : "")}{(negative ? "!" : "=")}", [item]);
                break;
            case RegexNode.BackReference(var numbers, var ignoreCase):
                _out.Append(ignoreCase ? "(?i:" : "(?:").AppendJoin('|', numbers.Reverse().Select(number => FormattableString.Invariant($@"\k<g{number}>"))).Append(')');
                break;
            case RegexNode.Anchor(var pattern):
                _out.Append(pattern);
                break;
            case RegexNode.Boundary(var word, var negative):
                var character = new RegexNode.Character(word);
                _out.Append("(?:");
                Emit(new RegexNode.Look(character, Behind: true, Negative: false));
                Emit(new RegexNode.Look(character, Behind: false, Negative: !negative));
                _out.Append('|');
                Emit(new RegexNode.Look(character, Behind: true, Negative: true));
                Emit(new RegexNode.Look(character, Behind: false, Negative: negative));
                _out.Append(')');
                break;
        }
    }

    private void Group(string open, IReadOnlyList<RegexNode> items, string separator = "")
    {
        _out.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _out.Append(separator);
            Emit(items[i]);
        }
        _out.Append(')');
    }

    private void EmitSet(CodePointSet set)
    {
        if (!_sets.TryGetValue(set, out var text))
            _sets.Add(set, text = _pairs ? WithPairs(set) : Units(set.Ranges.Where(range => range.First <= 0xFFFF).Select(range => (range.First, Math.Min(range.Last, 0xFFFF)))));
        _out.Append(text);
    }

    private static string WithPairs(CodePointSet set)
    {
        var choices = new List<string>();
        var units = set.And(CodePointSet.Of([(0, HighFirst - 1), (LowLast + 1, 0xFFFF)])).Ranges;
        if (units.Count > 0)
            choices.Add(Units(units));
        choices.AddRange(Pairs(set));
        if (set.And(CodePointSet.Of(HighFirst, HighLast)).Ranges is { Count: > 0 } high)
            choices.Add(Units(high) + @"(?![\uDC00-\uDFFF])");
        // The look back is for look-behinds, which read a text from its end.
        if (set.And(CodePointSet.Of(LowFirst, LowLast)).Ranges is { Count: > 0 } low)
            choices.Add(@"(?<![\uD800-\uDBFF])" + Units(low));
        return choices.Count == 1 && units.Count > 0 ? choices[0] : choices.Count == 0 ? "(?!)" : $"(?:{string.Join('|', choices)})";
    }

    // High surrogates with equal sets of low ones stand together.
    private static IEnumerable<string> Pairs(CodePointSet set)
    {
        var byHigh = new SortedDictionary<int, List<(int First, int Last)>>();
        foreach (var (from, last) in set.And(CodePointSet.Of(0x10000, CodePointSet.Last)).Ranges)
        {
            for (var first = from; first <= last;)
            {
                var end = Math.Min(last, first | 0x3FF);
                var high = HighFirst + ((first - 0x10000) >> 10);
                if (!byHigh.TryGetValue(high, out var lows))
                    byHigh.Add(high, lows = []);
                lows.Add((LowFirst + (first & 0x3FF), LowFirst + (end & 0x3FF)));
                first = end + 1;
            }
        }
        foreach (var group in byHigh.GroupBy(entry => Units(entry.Value), entry => (entry.Key, entry.Key)))
            yield return Units(CodePointSet.Of([.. group]).Ranges) + group.Key;
    }

    private static string Units(IEnumerable<(int First, int Last)> ranges)
    {
        var text = new StringBuilder("[");
        foreach (var (first, last) in ranges)
        {
            Unit(text, first);
            if (last > first)
                Unit(last > first + 1 ? text.Append('-') : text, last);
        }
        return text.Length == 1 ? "(?!)" : text.Append(']').ToString();
    }

    // A letter or digit as it is, for patterns that people look at.
    private static void Unit(StringBuilder text, int unit)
    {
        if (unit < 0x80 && char.IsAsciiLetterOrDigit((char)unit))
            text.Append((char)unit);
        else
            text.Append(CultureInfo.InvariantCulture, $@"\u{unit:X4}");
    }
}
