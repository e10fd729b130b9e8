using static Microsoft.ML.LlmFineTune.Tokenization.Filters;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Filters on sequences and dicts as a whole.</summary>
internal static class SequenceFilters
{
    public static IEnumerable<(string Name, BuiltinFunction Filter)> All()
    {
        yield return New("first", "sync_do_first", 1, ["seq"], (_, a) => First(a[0]), hidden: 1);
        yield return New("last", "do_last", 1, ["seq"], (_, a) => Last(a[0]), hidden: 1);
        yield return New("random", "do_random", 1, ["seq"], (_, a) => AnyOne(a[0]), hidden: 1);
        yield return New("list", "sync_do_list", 1, ["value"], (_, a) => new ListValue(Values.ToArray(a[0])));
        yield return New("reverse", "do_reverse", 1, ["value"], (_, a) => Reverse(a[0]));
        yield return New("sort", "do_sort", 1, ["value", "reverse", "case_sensitive", "attribute"], Sort, hidden: 1);
        yield return New("dictsort", "do_dictsort", 1, ["value", "case_sensitive", "by", "reverse"], SortDict);
        yield return New("unique", "sync_do_unique", 1, ["value", "case_sensitive", "attribute"], (_, a) => new IteratorValue("generator", Unique(a[0], Flag(a[1]), Or(a[2], null))), hidden: 1);
        yield return New("min", "do_min", 1, ["value", "case_sensitive", "attribute"], (_, a) => Extreme(a, Comparison.Less), hidden: 1);
        yield return New("max", "do_max", 1, ["value", "case_sensitive", "attribute"], (_, a) => Extreme(a, Comparison.Greater), hidden: 1);
        yield return New("sum", "sync_do_sum", 1, ["iterable", "attribute", "start"], Sum, hidden: 1);
        yield return New("batch", "do_batch", 2, ["value", "linecount", "fill_with"], (_, a) => new IteratorValue("generator", Batch(a[0], a[1], Or(a[2], null))));
        yield return New("slice", "sync_do_slice", 2, ["value", "slices", "fill_with"], (_, a) => new IteratorValue("generator", Slice(a[0], a[1], Or(a[2], null))));
        yield return New("groupby", "sync_do_groupby", 2, ["value", "attribute", "default", "case_sensitive"], Group, hidden: 1);
        yield return New("items", "do_items", 1, ["value"], (_, a) => new IteratorValue("generator", Items(a[0])));
        yield return New("attr", "do_attr", 2, ["obj", "name"], (_, a) => Attribute(a[0], a[1]), hidden: 1);
    }

    private static object? First(object? value)
    {
        // An iterator goes on where it was left: it is not to be ended here.
        var each = Values.Iterate(value);
        return each.MoveNext() ? each.Current : UndefinedValue.Because("No first item, sequence was empty.");
    }

    private static object? Last(object? value)
    {
        if (value is IteratorValue || Values.IterateOrNull(value) is null) throw Raise.Type($"'{Values.TypeName(value)}' object is not reversible");
        if (value is UndefinedValue || Values.LengthOrNull(value) is 0) return UndefinedValue.Because("No last item, sequence was empty.");
        return value switch
        {
            DictValue dict => dict.At(dict.Count - 1).Key,
            DictView view => view.At(view.Dict.Count - 1),
            LoopValue => throw Raise.Type("'LoopContext' object is not reversible"),
            _ => Values.GetItem(value, -1L),
        };
    }

    private static object? AnyOne(object? value)
    {
        var length = Values.Length(value);
        if (length == 0) return UndefinedValue.Because("No random item, sequence was empty.");
        var at = Random.Shared.NextInt64(length);
        return value is DictValue dict ? (dict.TryGetValue(at, out var item) ? item : throw Raise.Key(at)) : value is DictView ? throw Raise.Type($"'{Values.TypeName(value)}' object is not subscriptable") : Values.GetItem(value, at);
    }

    private static object? Reverse(object? value)
    {
        if (Values.IsText(value)) return Slicing.Of(value, null, null, -1L);
        if (value is UndefinedValue) return new ListValue([]);
        if (Values.IterateOrNull(value) is null) throw Raise.FilterArgument("argument must be iterable");
        var items = Values.ToArray(value).ToArray();
        Array.Reverse(items);
        RenderBudget.Make(items.Length);
        return value is IteratorValue ? new ListValue(items) : new IteratorValue(value switch { ListValue => "list_reverseiterator", DictValue => "dict_reversekeyiterator", RangeValue => "range_iterator", _ => "reversed" }, ((IEnumerable<object?>)items).GetEnumerator());
    }

    private static object? Sort(RenderState state, object?[] a)
    {
        var caseSensitive = Flag(a[2]);
        var attribute = Or(a[3], null);
        AttributePath[] paths = Values.IsText(attribute, out var text) ? [.. text.Split(',').Select(part => new AttributePath(part))] : [new AttributePath(attribute)];
        object? KeyOf(object? item, AttributePath path) => caseSensitive ? path.Of(item) : AttributePath.IgnoreCase(path.Of(item));
        // The reference compares lists of keys, whose equal items are not asked for their order.
        return new ListValue(Sorting.Sort(Values.ToArray(a[0]), Flag(a[1]), item => new ListValue([.. paths.Select(path => KeyOf(item, path))])));
    }

    private static object? SortDict(RenderState state, object?[] a)
    {
        var by = Or(a[2], "key");
        if (!Values.IsText(by, out var name) || name is not ("key" or "value")) throw Raise.FilterArgument("You can only sort by either \"key\" or \"value\"");
        if (a[0] is not DictValue dict) throw a[0] is UndefinedValue undefined ? undefined.Error() : Raise.Attribute(a[0], "items");
        var caseSensitive = Flag(a[1]);
        return new ListValue(Sorting.Sort(Values.ToArray(new DictView(dict, DictPart.Items)), Flag(a[3]), pair =>
        {
            var part = ((TupleValue)pair!).Items[name == "key" ? 0 : 1];
            return caseSensitive ? part : AttributePath.IgnoreCase(part);
        }));
    }

    private static IEnumerator<object?> Unique(object? value, bool caseSensitive, object? attribute)
    {
        var path = new AttributePath(attribute);
        var seen = new HashSet<object>(ValueComparer.Instance);
        using var each = Values.Iterate(value);
        while (each.MoveNext())
        {
            var key = caseSensitive ? path.Of(each.Current) : AttributePath.IgnoreCase(path.Of(each.Current));
            RenderBudget.Make(1);
            if (seen.Add(key ?? ValueComparer.None)) yield return each.Current;
        }
    }

    private static object? Extreme(object?[] a, Func<object?, object?, bool> better)
    {
        using var each = Values.Iterate(a[0]);
        if (!each.MoveNext()) return UndefinedValue.Because("No aggregated item, sequence was empty.");
        var (path, caseSensitive) = (new AttributePath(Or(a[2], null)), Flag(a[1]));
        object? KeyOf(object? item) => caseSensitive ? path.Of(item) : AttributePath.IgnoreCase(path.Of(item));
        var (best, key) = (each.Current, KeyOf(each.Current));
        while (each.MoveNext())
        {
            RenderBudget.Steps(1);
            var other = KeyOf(each.Current);
            if (better(other, key)) (best, key) = (each.Current, other);
        }
        return best;
    }

    private static object? Sum(RenderState state, object?[] a)
    {
        var path = Or(a[1], null) is { } attribute ? new AttributePath(attribute) : null;
        var sum = Or(a[2], 0L);
        if (Values.IsText(sum)) throw Raise.Type("sum() can't sum strings [use ''.join(seq) instead]");
        using var each = Values.Iterate(a[0]);
        while (each.MoveNext())
        {
            RenderBudget.Steps(1);
            sum = Operators.Add(sum, path is null ? each.Current : path.Of(each.Current));
        }
        return sum;
    }

    private static IEnumerator<object?> Batch(object? value, object? lineCount, object? fill)
    {
        var batch = new List<object?>();
        using var each = Values.Iterate(value);
        while (each.MoveNext())
        {
            RenderBudget.Make(1);
            if (Comparison.Equal((long)batch.Count, lineCount))
            {
                yield return new ListValue([.. batch]);
                batch.Clear();
            }
            batch.Add(each.Current);
        }
        if (batch.Count == 0) yield break;
        if (fill is not null && Comparison.Less((long)batch.Count, lineCount))
        {
            var missing = PythonNumbers.ToIndex(Operators.Subtract(lineCount, (long)batch.Count));
            RenderBudget.MakeItems(missing);
            batch.AddRange(Enumerable.Repeat(fill, (int)missing));
        }
        yield return new ListValue([.. batch]);
    }

    private static IEnumerator<object?> Slice(object? value, object? slices, object? fill)
    {
        var items = Values.ToArray(value);
        if (!PythonNumbers.IsNumber(slices)) throw slices is UndefinedValue undefined ? undefined.Error() : Raise.Type($"unsupported operand type(s) for //: 'int' and '{Values.TypeName(slices)}'");
        if (PythonNumbers.FloorDivide((long)items.Length, slices!) is double) throw Raise.Type("'float' object cannot be interpreted as an integer");
        var count = PythonNumbers.ToIndex(slices);
        var (each, extra) = ((long)PythonNumbers.FloorDivide((long)items.Length, count), (long)PythonNumbers.Modulo((long)items.Length, count));
        var offset = 0L;
        for (var i = 0L; i < count; i++)
        {
            var start = offset + (i * each);
            if (i < extra) offset++;
            var end = offset + ((i + 1) * each);
            RenderBudget.MakeItems(end - start + 1);
            var part = items[(int)start..(int)end];
            yield return new ListValue(fill is not null && i >= extra ? [.. part, fill] : part);
        }
    }

    private static object? Group(RenderState state, object?[] a)
    {
        var (fallback, caseSensitive) = (Or(a[2], null), Flag(a[3]));
        var path = new AttributePath(a[1], fallback);
        object? KeyOf(object? item) => caseSensitive ? path.Of(item) : AttributePath.IgnoreCase(path.Of(item));
        var groups = new List<object?>();
        var group = new List<object?>();
        object? key = null;
        foreach (var item in Sorting.Sort(Values.ToArray(a[0]), false, KeyOf))
        {
            var next = KeyOf(item);
            if (group.Count > 0 && !Comparison.Same(key, next)) Close();
            if (group.Count == 0) key = next;
            group.Add(item);
        }
        if (group.Count > 0) Close();
        return new ListValue([.. groups]);

        void Close()
        {
            groups.Add(new TupleValue([caseSensitive ? key : path.Of(group[0]), new ListValue([.. group])], group: true));
            group.Clear();
        }
    }

    private static IEnumerator<object?> Items(object? value)
    {
        if (value is UndefinedValue) yield break;
        if (value is not DictValue dict) throw Raise.Type("Can only get item pairs from a mapping.");
        for (var i = 0; i < dict.Count; i++) yield return new TupleValue([dict.At(i).Key, dict.At(i).Value]);
    }

    private static object? Attribute(object? value, object? name)
    {
        if (!Values.IsText(name, out var text)) throw Raise.Type("attribute name must be string, not '" + Values.TypeName(name) + "'");
        return Values.TryGetAttribute(value, text, out _) ? Values.GetAttribute(value, text) : UndefinedValue.Member(value, name);
    }
}
