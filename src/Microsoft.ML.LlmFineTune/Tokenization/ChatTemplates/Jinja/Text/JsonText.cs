namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The <c>tojson</c> filter of chat templates: Python's <c>json.dumps</c>, without escaping for HTML.</summary>
internal sealed class JsonText(bool ensureAscii, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private readonly PrintBuffer _output = new();

    public static string Of(object? value, object? ensureAscii, object? indent, object? separators, object? sortKeys)
    {
        var indentation = indent switch
        {
            null => null,
            _ when Values.IsText(indent, out var text) => text,
            _ => Blanks(PythonNumbers.ToIndex(indent)),
        };
        var (item, key) = (indentation is null ? ", " : ",", ": ");
        if (separators is not null)
        {
            var pair = Values.ToArray(separators);
            if (pair.Length != 2) throw Raise.Value(pair.Length < 2 ? $"not enough values to unpack (expected 2, got {pair.Length})" : "too many values to unpack (expected 2)");
            if (!Values.IsText(pair[0], out item) || !Values.IsText(pair[1], out key)) throw Raise.Type("separators must be strings");
        }
        var writer = new JsonText(Values.IsTrue(ensureAscii), indentation, item, key, Values.IsTrue(sortKeys));
        writer.Write(value, 0);
        return writer._output.ToString();
    }

    private static string Blanks(long count)
    {
        RenderBudget.Make(Math.Max(count, 0));
        return new string(' ', (int)Math.Max(count, 0));
    }

    private void Write(object? value, int depth)
    {
        RenderBudget.Steps(1);
        switch (value)
        {
            case null: _output.Append("null"); break;
            case bool truth: _output.Append(truth ? "true" : "false"); break;
            case double real: _output.Append(Real(real)); break;
            case string text: WriteText(text); break;
            case MarkupText markup: WriteText(markup.Text); break;
            case SequenceValue sequence: WriteList(sequence.Items, depth); break;
            case DictValue dict: WriteDict(dict, depth); break;
            case TemplateObject: throw Raise.Type($"Object of type {Values.TypeName(value)} is not JSON serializable");
            default: _output.Append(Printing.Text(value)); break;
        }
    }

    private static string Real(double value) => double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? (value > 0 ? "Infinity" : "-Infinity") : Printing.Real(value);

    private void WriteList(object?[] items, int depth)
    {
        if (items.Length == 0)
        {
            _output.Append("[]");
            return;
        }
        RenderBudget.EnterValue();
        _output.Append('[');
        for (var i = 0; i < items.Length; i++)
        {
            if (i > 0) _output.Append(itemSeparator);
            Break(depth + 1);
            Write(items[i], depth + 1);
        }
        Break(depth);
        _output.Append(']');
        RenderBudget.LeaveValue();
    }

    private void WriteDict(DictValue dict, int depth)
    {
        if (dict.Count == 0)
        {
            _output.Append("{}");
            return;
        }
        RenderBudget.EnterValue();
        var pairs = Enumerable.Range(0, dict.Count).Select(dict.At);
        if (sortKeys) pairs = Sorting.Sort([.. pairs.Select(pair => (object?)new TupleValue([pair.Key, pair.Value]))], false).Select(pair => ((TupleValue)pair!).Items).Select(pair => new KeyValuePair<object?, object?>(pair[0], pair[1]));
        _output.Append('{');
        var first = true;
        foreach (var (key, value) in pairs)
        {
            if (!first) _output.Append(itemSeparator);
            first = false;
            Break(depth + 1);
            WriteText(key switch
            {
                null => "null",
                bool truth => truth ? "true" : "false",
                double real => Real(real),
                _ when Values.IsText(key) || PythonNumbers.IsInteger(key) => Printing.Text(key),
                _ => throw Raise.Type($"keys must be str, int, float, bool or None, not {Values.TypeName(key)}"),
            });
            _output.Append(keySeparator);
            Write(value, depth + 1);
        }
        Break(depth);
        _output.Append('}');
        RenderBudget.LeaveValue();
    }

    private void Break(int depth)
    {
        if (indent is null) return;
        _output.Append('\n');
        for (var i = 0; i < depth; i++) _output.Append(indent);
    }

    private void WriteText(string text)
    {
        _output.Append('"');
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var plain = 0;
            while (plain < rest.Length && rest[plain] is >= ' ' and not ('"' or '\\') && (!ensureAscii || rest[plain] < 127 || rest[plain] == 127)) plain++;
            _output.Append(rest[..plain]);
            if (plain == rest.Length) break;
            _output.Append(rest[plain] switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", '\b' => "\\b", '\f' => "\\f", var other => $"\\u{(int)other:x4}" });
            rest = rest[(plain + 1)..];
        }
        _output.Append('"');
    }
}
