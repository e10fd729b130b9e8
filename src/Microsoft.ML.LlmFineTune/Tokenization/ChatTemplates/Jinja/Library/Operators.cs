namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's binary operators over all values.</summary>
internal static class Operators
{
    public static object? Add(object? left, object? right)
    {
        if (left is string a && right is string b)
        {
            RenderBudget.Make((long)a.Length + b.Length);
            return string.Concat(a, b);
        }
        if (AreNumbers(left, right)) return PythonNumbers.Add(left!, right!);
        Demand(left, right);
        switch (left, right)
        {
            case (MarkupText x, _) when Values.IsText(right): return Joined(x.Text, MarkupText.Escape(right));
            case (string x, MarkupText y): return Joined(MarkupText.Escape(x), y.Text);
            case (ListValue x, ListValue y): return new ListValue(Joined(x.Items, y.Items));
            case (TupleValue x, TupleValue y): return new TupleValue(Joined(x.Items, y.Items));
            case (string, _): throw Raise.Type($"can only concatenate str (not \"{Values.TypeName(right)}\") to str");
            case (ListValue or TupleValue, _): throw Raise.Type($"can only concatenate {Values.TypeName(left)} (not \"{Values.TypeName(right)}\") to {Values.TypeName(left)}");
            default: throw Unsupported("+", left, right);
        }
    }

    public static object? Subtract(object? left, object? right)
    {
        if (AreNumbers(left, right)) return PythonNumbers.Subtract(left!, right!);
        Demand(left, right);
        throw Unsupported("-", left, right);
    }

    public static object? Multiply(object? left, object? right)
    {
        if (AreNumbers(left, right)) return PythonNumbers.Multiply(left!, right!);
        Demand(left, right);
        if (PythonNumbers.IsInteger(left) && right is string or MarkupText or SequenceValue) return Repeat(right!, left!);
        if (left is string or MarkupText or SequenceValue) return PythonNumbers.IsInteger(right) ? Repeat(left, right!) : throw Raise.Type($"can't multiply sequence by non-int of type '{Values.TypeName(right)}'");
        if (right is string or MarkupText or SequenceValue) throw Raise.Type($"can't multiply sequence by non-int of type '{Values.TypeName(left)}'");
        throw Unsupported("*", left, right);
    }

    public static object? Divide(object? left, object? right)
    {
        if (AreNumbers(left, right)) return PythonNumbers.Divide(left!, right!);
        Demand(left, right);
        throw Unsupported("/", left, right);
    }

    public static object? FloorDivide(object? left, object? right)
    {
        if (AreNumbers(left, right)) return PythonNumbers.FloorDivide(left!, right!);
        Demand(left, right);
        throw Unsupported("//", left, right);
    }

    public static object? Modulo(object? left, object? right)
    {
        if (left is string format) return PercentFormat.Format(format, right);
        if (left is MarkupText markup) return new MarkupText(PercentFormat.Format(markup.Text, right, markup: true));
        if (AreNumbers(left, right)) return PythonNumbers.Modulo(left!, right!);
        Demand(left, right);
        throw Unsupported("%", left, right);
    }

    public static object? Power(object? left, object? right)
    {
        if (AreNumbers(left, right)) return PythonNumbers.Power(left!, right!);
        Demand(left, right);
        throw Unsupported("** or pow()", left, right);
    }

    private static bool AreNumbers(object? left, object? right) => PythonNumbers.IsNumber(left) && PythonNumbers.IsNumber(right);

    private static void Demand(object? left, object? right)
    {
        if (left is UndefinedValue undefined || (undefined = (right as UndefinedValue)!) is not null) throw undefined.Error();
    }

    private static MarkupText Joined(string left, string right)
    {
        RenderBudget.Make((long)left.Length + right.Length);
        return new MarkupText(left + right);
    }

    private static object?[] Joined(object?[] left, object?[] right)
    {
        RenderBudget.MakeItems((long)left.Length + right.Length);
        return [.. left, .. right];
    }

    private static object Repeat(object value, object times)
    {
        var count = PythonNumbers.AsInteger(times) is { } given ? Math.Max(given, 0) : PythonNumbers.ToBig(times).Sign < 0 ? 0 : throw Raise.Overflow("cannot fit 'int' into an index-sized integer");
        var length = value is SequenceValue sequence ? sequence.Items.Length : Printing.Text(value).Length;
        if (length == 0) count = 0;
        var made = count > int.MaxValue ? long.MaxValue : count * length;
        if (value is SequenceValue) RenderBudget.MakeItems(made);
        else RenderBudget.Make(made);
        if (value is SequenceValue items)
        {
            var repeated = new object?[length * count];
            for (var i = 0; i < count; i++) Array.Copy(items.Items, 0, repeated, i * length, length);
            return items.With(repeated);
        }
        var text = Printing.Text(value);
        var result = length == 1 ? new string(text[0], (int)count) : new System.Text.StringBuilder(text.Length * (int)count).Insert(0, text, (int)count).ToString();
        return value is MarkupText ? new MarkupText(result) : result;
    }

    private static ChatTemplateException Unsupported(string sign, object? left, object? right) => Raise.Type($"unsupported operand type(s) for {sign}: '{Values.TypeName(left)}' and '{Values.TypeName(right)}'");
}
