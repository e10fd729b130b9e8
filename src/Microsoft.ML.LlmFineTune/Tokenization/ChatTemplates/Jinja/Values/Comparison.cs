namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's equality, order and membership.</summary>
internal static class Comparison
{
    public static bool Equal(object? left, object? right)
    {
        if (ReferenceEquals(left, right)) return left is not double real || !double.IsNaN(real);
        if (left is string a && right is string b)
        {
            RenderBudget.Characters(Math.Min(a.Length, b.Length));
            return a == b;
        }
        if (left is null || right is null) return false;
        if (PythonNumbers.IsNumber(left)) return PythonNumbers.IsNumber(right) && PythonNumbers.Compare(left, right) == 0;
        if (Values.IsText(left, out var text)) return Values.IsText(right, out var other) && text == other;
        if (left is UndefinedValue) return right is UndefinedValue;
        switch (left, right)
        {
            case (ListValue x, ListValue y): return ItemsEqual(x.Items, y.Items);
            case (TupleValue x, TupleValue y): return ItemsEqual(x.Items, y.Items);
            case (DictValue x, DictValue y): return DictsEqual(x, y);
            case (RangeValue x, RangeValue y): return x.Equals(y);
            case (BytesValue x, BytesValue y): return x.Bytes.AsSpan().SequenceEqual(y.Bytes);
            case (DictView { Part: not DictPart.Values } x, DictView { Part: not DictPart.Values } y): return x.Length == y.Length && Values.ToArray(x).All(item => Contains(y, item));
            default: return false;
        }
    }

    /// <summary>Items are compared as lists compare theirs: one and the same is equal to itself, even NaN.</summary>
    public static bool Same(object? left, object? right) => ReferenceEquals(left, right) || Equal(left, right);

    public static bool Less(object? left, object? right) => Order(left, right, "<") < 0;

    public static bool LessOrEqual(object? left, object? right) => Order(left, right, "<=") is <= 0;

    public static bool Greater(object? left, object? right) => Order(left, right, ">") > 0;

    public static bool GreaterOrEqual(object? left, object? right) => Order(left, right, ">=") is >= 0;

    /// <summary>Whether an item is in a container: <c>item in container</c>.</summary>
    public static bool Contains(object? container, object? item)
    {
        switch (container)
        {
            case string or MarkupText:
                _ = Values.IsText(container, out var text);
                if (!Values.IsText(item, out var part)) throw Raise.Type($"'in <string>' requires string as left operand, not {Values.TypeName(item)}");
                RenderBudget.Search(text!, part);
                return text!.Contains(part, StringComparison.Ordinal);
            case DictValue dict:
                return dict.ContainsKey(item);
            case RangeValue range:
                return range.Contains(item);
            case DictView { Part: DictPart.Keys } view:
                return view.Dict.ContainsKey(item);
            case SequenceValue sequence:
                foreach (var other in sequence.Items)
                {
                    RenderBudget.Steps(1);
                    if (Same(other, item)) return true;
                }
                return false;
            default:
                // An iterator goes on where the item was found: it is not to be ended here.
                var each = Values.IterateOrNull(container) ?? throw Raise.Type($"argument of type '{Values.TypeName(container)}' is not iterable");
                while (each.MoveNext())
                {
                    RenderBudget.Steps(1);
                    if (Same(each.Current, item)) return true;
                }
                return false;
        }
    }

    /// <summary>Negative, 0 or positive; null where the values have no order (NaN).</summary>
    public static int? Order(object? left, object? right, string sign)
    {
        if (left is not null && right is not null)
        {
            if (PythonNumbers.IsNumber(left) && PythonNumbers.IsNumber(right))
            {
                var order = PythonNumbers.Compare(left, right);
                return order is 2 or -2 ? null : order;
            }
            if (Values.IsText(left, out var a) && Values.IsText(right, out var b))
            {
                RenderBudget.Characters(Math.Min(a.Length, b.Length));
                return CodePointText.Compare(a, b);
            }
            if (left is UndefinedValue missing) throw missing.Error();
            if (right is UndefinedValue other) throw other.Error();
            if ((left, right) is (ListValue, ListValue) or (TupleValue, TupleValue)) return OrderOfItems(((SequenceValue)left).Items, ((SequenceValue)right).Items, sign);
        }
        if (left is UndefinedValue undefined || (undefined = (right as UndefinedValue)!) is not null) throw undefined.Error();
        throw Raise.Type($"'{sign}' not supported between instances of '{Values.TypeName(left)}' and '{Values.TypeName(right)}'");
    }

    private static bool ItemsEqual(object?[] left, object?[] right)
    {
        if (left.Length != right.Length) return false;
        RenderBudget.EnterValue();
        var equal = true;
        for (var i = 0; equal && i < left.Length; i++)
        {
            RenderBudget.Steps(1);
            equal = Same(left[i], right[i]);
        }
        RenderBudget.LeaveValue();
        return equal;
    }

    private static bool DictsEqual(DictValue left, DictValue right)
    {
        if (left.Count != right.Count) return false;
        RenderBudget.EnterValue();
        var equal = true;
        for (var i = 0; equal && i < left.Count; i++)
        {
            RenderBudget.Steps(1);
            var (key, value) = left.At(i);
            equal = right.TryGetValue(key, out var other) && Same(value, other);
        }
        RenderBudget.LeaveValue();
        return equal;
    }

    private static int? OrderOfItems(object?[] left, object?[] right, string sign)
    {
        RenderBudget.EnterValue();
        int? order = left.Length.CompareTo(right.Length);
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            RenderBudget.Steps(1);
            if (Same(left[i], right[i])) continue;
            order = Order(left[i], right[i], sign);
            break;
        }
        RenderBudget.LeaveValue();
        return order;
    }
}
