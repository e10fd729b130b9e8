namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What <c>cycler(...)</c> gives: its items in turn.</summary>
internal sealed class CyclerValue(object?[] items) : TemplateObject
{
    private int _position;

    public override string TypeName => "Cycler";

    public override string QualifiedTypeName => "jinja2.utils.Cycler";

    public override bool TryGetAttribute(string name, out object? value)
    {
        value = name switch
        {
            "current" => items[_position],
            "items" => new TupleValue(items),
            "pos" => (long)_position,
            "next" => new BoundMethod(this, "next", static (_, self, _) => ((CyclerValue)self!).Next()),
            "reset" => new BoundMethod(this, "reset", static (_, self, _) => ((CyclerValue)self!).Reset()),
            _ => null,
        };
        return name is "current" or "items" or "pos" or "next" or "reset";
    }

    private object? Next()
    {
        var current = items[_position];
        _position = (_position + 1) % items.Length;
        return current;
    }

    private object? Reset()
    {
        _position = 0;
        return null;
    }
}

/// <summary>What <c>joiner(...)</c> gives: nothing at the first call, the separator at every other.</summary>
internal sealed class JoinerValue(object? separator) : TemplateObject
{
    private bool _used;

    public override string TypeName => "Joiner";

    public override string QualifiedTypeName => "jinja2.utils.Joiner";

    public override bool IsCallable => true;

    public override object? Call(RenderState state, in Arguments arguments)
    {
        if (_used) return separator;
        _used = true;
        return "";
    }

    public override bool TryGetAttribute(string name, out object? value)
    {
        value = name switch { "sep" => separator, "used" => _used, _ => null };
        return name is "sep" or "used";
    }
}

/// <summary>Python's bytes, which only <c>encode</c> makes.</summary>
internal sealed class BytesValue(byte[] bytes) : TemplateObject
{
    public byte[] Bytes => bytes;

    public override string TypeName => "bytes";

    public override int? Length => bytes.Length;

    public override IEnumerator<object?> Iterate() => bytes.Select(b => (object?)(long)b).GetEnumerator();

    public override bool TryGetAttribute(string name, out object? value)
    {
        value = name switch
        {
            "decode" => new BoundMethod(this, "decode", static (_, self, arguments) => Encodings.Decode(((BytesValue)self!).Bytes, arguments)),
            "hex" => new BoundMethod(this, "hex", static (_, self, _) => Convert.ToHexStringLower(((BytesValue)self!).Bytes)),
            _ => null,
        };
        return value is not null;
    }

    public override void WriteRepr(PrintBuffer output)
    {
        var quote = bytes.Contains((byte)'\'') && !bytes.Contains((byte)'"') ? '"' : '\'';
        output.Append('b');
        output.Append(quote);
        foreach (var value in bytes)
        {
            var character = (char)value;
            output.Append(character switch
            {
                '\t' => "\\t",
                '\n' => "\\n",
                '\r' => "\\r",
                '\\' => "\\\\",
                _ when character == quote => $"\\{quote}",
                >= ' ' and < '\x7f' => character.ToString(),
                _ => $"\\x{value:x2}",
            });
        }
        output.Append(quote);
    }
}

/// <summary>The part of a subscript between colons, where it stands among other parts.</summary>
internal sealed class SliceValue(object? start, object? stop, object? step) : TemplateObject
{
    public override string TypeName => "slice";

    public override void WriteRepr(PrintBuffer output) => output.Append($"slice({Printing.Repr(start)}, {Printing.Repr(stop)}, {Printing.Repr(step)})");
}
