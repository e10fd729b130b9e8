using System.Collections.Frozen;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The methods of lists, tuples and ranges. Those that would change a list are there to be refused by name.</summary>
internal static class ListMethods
{
    private static readonly FrozenSet<string> OfAll = new[] { "index", "count" }.ToFrozenSet(StringComparer.Ordinal);
    private static readonly FrozenSet<string> OfLists = new[] { "index", "count", "copy", "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove" }.ToFrozenSet(StringComparer.Ordinal);

    public static bool Of(TemplateObject sequence, string name, out object? method)
    {
        method = (sequence is ListValue ? OfLists : OfAll).Contains(name) ? new BoundMethod(sequence, name, name switch { "index" => Index, "count" => Count, _ => Copy }) : null;
        return method is not null;
    }

    private static object? Index(RenderState state, object? self, Arguments a)
    {
        a.Expect("index", 1, 3);
        var items = self is SequenceValue sequence ? sequence.Items : Values.ToArray(self);
        var (from, to, _, _) = Slicing.Indices(a.At(1), a.At(2), null, items.Length);
        for (var i = from; i < to; i++)
        {
            RenderBudget.Steps(1);
            if (Comparison.Same(items[i], a.At(0))) return i;
        }
        throw Raise.Value(self is TupleValue ? "tuple.index(x): x not in tuple" : $"{Printing.Repr(a.At(0))} is not in {(self is ListValue ? "list" : "range")}");
    }

    private static object? Count(RenderState state, object? self, Arguments a)
    {
        a.Expect($"{Values.TypeName(self)}.count", 1, 1);
        RenderBudget.Steps(Values.Length(self));
        return (long)Values.ToArray(self).Count(item => Comparison.Same(item, a.At(0)));
    }

    private static object? Copy(RenderState state, object? self, Arguments a)
    {
        a.Expect("list.copy", 0, 0);
        return self;
    }
}

/// <summary>The methods of dicts. Those that would change a dict are there to be refused by name.</summary>
internal static class DictMethods
{
    private static readonly FrozenSet<string> Names = new[] { "keys", "values", "items", "get", "copy", "fromkeys", "clear", "pop", "popitem", "setdefault", "update" }.ToFrozenSet(StringComparer.Ordinal);

    public static bool Has(string name) => Names.Contains(name);

    public static bool Of(DictValue dict, string name, out object? method)
    {
        method = !Names.Contains(name) ? null : new BoundMethod(dict, name, name switch
        {
            "keys" => View(DictPart.Keys, "dict.keys"),
            "values" => View(DictPart.Values, "dict.values"),
            "items" => View(DictPart.Items, "dict.items"),
            "fromkeys" => FromKeys,
            "copy" => Copy,
            _ => Get,
        });
        return method is not null;
    }

    /// <summary><c>dict.fromkeys(keys, value)</c>.</summary>
    public static object? FromKeys(RenderState state, object? self, Arguments a)
    {
        a.Expect("fromkeys", 1, 2);
        var dict = new DictValue();
        foreach (var key in Values.ToArray(a.At(0))) dict[key] = a.At(1);
        return dict;
    }

    private static MethodBody View(DictPart part, string name) => (_, self, a) =>
    {
        a.Expect(name, 0, 0);
        return new DictView((DictValue)self!, part);
    };

    private static object? Get(RenderState state, object? self, Arguments a)
    {
        a.Expect("get", 1, 2);
        return ((DictValue)self!).TryGetValue(a.At(0), out var value) ? value : a.At(1);
    }

    private static object? Copy(RenderState state, object? self, Arguments a)
    {
        a.Expect("dict.copy", 0, 0);
        return self;
    }
}

/// <summary>The attributes of integers and floats.</summary>
internal static class NumberMethods
{
    public static bool Of(object number, string name, out object? attribute)
    {
        attribute = number is double real ? OfReal(real, name) : OfInteger(number, name);
        return attribute is not null;
    }

    private static object? OfReal(double real, string name) => name switch
    {
        "real" => real,
        "imag" => 0.0,
        "is_integer" => new BoundMethod(real, name, static (_, self, _) => Values.Box(double.IsFinite((double)self!) && Math.Floor((double)self) == (double)self)),
        "conjugate" => new BoundMethod(real, name, static (_, self, _) => self),
        _ => null,
    };

    private static object? OfInteger(object number, string name) => name switch
    {
        "real" or "numerator" => PythonNumbers.Plus(number),
        "imag" => 0L,
        "denominator" => 1L,
        "bit_length" => new BoundMethod(number, name, static (_, self, _) => (long)System.Numerics.BigInteger.Abs(PythonNumbers.ToBig(self)).GetBitLength()),
        "bit_count" => new BoundMethod(number, name, static (_, self, _) => System.Numerics.BigInteger.Abs(PythonNumbers.ToBig(self)).ToByteArray().Sum(b => (long)System.Numerics.BitOperations.PopCount(b))),
        "conjugate" => new BoundMethod(number, name, static (_, self, _) => PythonNumbers.Plus(self)),
        _ => null,
    };
}
