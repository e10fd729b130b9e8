namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The <c>pprint</c> filter: Python's <c>pprint.pformat</c>, with dicts by their keys and what is too wide for a line of 80 one item a line. Long texts are not broken.</summary>
internal static class PrettyPrinting
{
    private const int Width = 80;

    public static string Of(object? value)
    {
        var output = new PrintBuffer();
        Write(output, Sorted(value), 0, 0);
        return output.ToString();
    }

    private static object? Sorted(object? value)
    {
        RenderBudget.EnterValue();
        var sorted = value switch
        {
            SequenceValue sequence => sequence.With(Array.ConvertAll(sequence.Items, Sorted)),
            DictValue dict => OfPairs(dict),
            _ => value,
        };
        RenderBudget.LeaveValue();
        return sorted;
    }

    private static DictValue OfPairs(DictValue dict)
    {
        var pairs = Values.ToArray(new DictView(dict, DictPart.Items));
        try
        {
            pairs = Sorting.Sort(pairs, reverse: false, pair => ((TupleValue)pair!).Items[0]);
        }
        catch (ChatTemplateException e) when (e.Kind == ChatTemplateErrorKind.TypeError)
        {
            // Keys of several types have no order among them but that of their types' names.
            pairs = Sorting.Sort(pairs, reverse: false, pair => new TupleValue([Values.TypeName(((TupleValue)pair!).Items[0]), Printing.Repr(((TupleValue)pair).Items[0])]));
        }
        var sorted = new DictValue(pairs.Length);
        foreach (var pair in pairs) sorted[((TupleValue)pair!).Items[0]] = Sorted(((TupleValue)pair).Items[1]);
        return sorted;
    }

    private static void Write(PrintBuffer output, object? value, int indent, int allowance)
    {
        var whole = Printing.Repr(value);
        if (CodePointText.Count(whole) <= Width - indent - allowance || Values.LengthOrNull(value) is null or 0)
        {
            output.Append(whole);
            return;
        }
        RenderBudget.EnterValue();
        switch (value)
        {
            case DictValue dict:
                output.Append('{');
                for (var i = 0; i < dict.Count; i++)
                {
                    var key = Printing.Repr(dict.At(i).Key);
                    if (i > 0) Next(output, indent + 1);
                    output.Append(key);
                    output.Append(": ");
                    Write(output, dict.At(i).Value, indent + CodePointText.Count(key) + 3, i == dict.Count - 1 ? allowance + 1 : 1);
                }
                output.Append('}');
                break;
            case SequenceValue sequence:
                output.Append(value is ListValue ? '[' : '(');
                for (var i = 0; i < sequence.Items.Length; i++)
                {
                    if (i > 0) Next(output, indent + 1);
                    Write(output, sequence.Items[i], indent + 1, i == sequence.Items.Length - 1 ? allowance + 1 : 1);
                }
                output.Append(value is ListValue ? "]" : sequence.Items.Length == 1 ? ",)" : ")");
                break;
            default:
                output.Append(whole);
                break;
        }
        RenderBudget.LeaveValue();
    }

    private static void Next(PrintBuffer output, int indent)
    {
        output.Append(",\n");
        output.Append(' ', indent);
    }
}
