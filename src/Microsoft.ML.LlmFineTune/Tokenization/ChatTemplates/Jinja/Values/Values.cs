using System.Numerics;
using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What all values have in Python: a type, a truth, a length, items, attributes.</summary>
internal static class Values
{
    public static readonly object True = true;
    public static readonly object False = false;

    private static readonly HashSet<string> Dunders = new(StringComparer.Ordinal)
    {
        "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__", "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__", "__new__", "__reduce__",
        "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__",
    };

    private static readonly HashSet<string> ContainerDunders = new(StringComparer.Ordinal) { "__len__", "__iter__", "__getitem__", "__contains__" };

    private static readonly HashSet<string> ListChanges = new(StringComparer.Ordinal) { "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove" };
    private static readonly HashSet<string> DictChanges = new(StringComparer.Ordinal) { "clear", "pop", "popitem", "setdefault", "update" };

    public static object Box(bool value) => value ? True : False;

    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        string => "str",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        TemplateObject other => other.TypeName,
        _ => value.GetType().Name,
    };

    public static string QualifiedTypeName(object? value) => value is TemplateObject other ? other.QualifiedTypeName : TypeName(value);

    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool truth => truth,
        string text => text.Length > 0,
        long integer => integer != 0,
        double real => real != 0,
        BigInteger => true,
        TemplateObject other => other.IsTrue,
        _ => true,
    };

    public static bool IsText(object? value) => value is string or MarkupText;

    public static bool IsText(object? value, [NotNullWhen(true)] out string? text)
    {
        text = value as string ?? (value as MarkupText)?.Text;
        return text is not null;
    }

    public static bool IsUndefined(object? value) => value is UndefinedValue;

    /// <summary>Number of items; null for a type without length.</summary>
    public static int? LengthOrNull(object? value) => value is string text ? CodePointText.Count(text) : (value as TemplateObject)?.Length;

    public static long Length(object? value) => LengthOrNull(value) ?? throw Raise.Type($"object of type '{TypeName(value)}' has no len()");

    /// <summary>About how many steps a look at all of a value takes.</summary>
    public static int Size(object? value) => value switch
    {
        string text => text.Length >> 4,
        SequenceValue sequence => sequence.Items.Length,
        MarkupText markup => markup.Text.Length >> 4,
        DictValue dict => dict.Count,
        TemplateObject other => other.Length ?? 0,
        _ => 0,
    };

    public static IEnumerator<object?>? IterateOrNull(object? value) => value is string text ? CodePointText.Each(text).GetEnumerator() : (value as TemplateObject)?.Iterate();

    public static IEnumerator<object?> Iterate(object? value) => IterateOrNull(value) ?? throw Raise.Type($"'{TypeName(value)}' object is not iterable");

    /// <summary>All items of a value, counted as steps and as made.</summary>
    public static object?[] ToArray(object? value)
    {
        if (value is SequenceValue sequence)
        {
            RenderBudget.Steps(sequence.Items.Length);
            return sequence.Items;
        }
        var items = new List<object?>();
        using var each = Iterate(value);
        while (each.MoveNext())
        {
            RenderBudget.MakeItems(1);
            RenderBudget.Steps(1);
            items.Add(each.Current);
        }
        return [.. items];
    }

    public static bool IsCallable(object? value) => value is TemplateObject { IsCallable: true } or UndefinedValue;

    public static object? Call(RenderState state, object? callee, in Arguments arguments) =>
        callee is TemplateObject other ? other.Call(state, arguments) : throw Raise.Type($"'{TypeName(callee)}' object is not callable");

    /// <summary><c>value.name</c>: an attribute, or else an item.</summary>
    public static object? GetAttribute(object? value, string name)
    {
        if (value is DictValue dict && !DictMethods.Has(name) && name[0] != '_') return dict.TryGetValue(name, out var item) ? item : UndefinedValue.Member(value, name);
        if (TryGetAttribute(value, name, out var attribute)) return IsSafe(value, name) ? attribute : UndefinedValue.Unsafe(value, name);
        return TryGetItem(value, name, out var found) ? found : UndefinedValue.Member(value, name);
    }

    /// <summary><c>value[key]</c>: an item, or else an attribute.</summary>
    public static object? GetItem(object? value, object? key)
    {
        if (TryGetItem(value, key, out var item)) return item;
        if (IsText(key, out var name) && TryGetAttribute(value, name, out var attribute)) return IsSafe(value, name) ? attribute : UndefinedValue.Unsafe(value, name);
        return UndefinedValue.Member(value, key);
    }

    public static bool TryGetAttribute(object? value, string name, out object? attribute)
    {
        attribute = null;
        if (value is not NamespaceValue && IsDunder(value, name)) return true;
        return value switch
        {
            null => false,
            string => StringMethods.Of(value, name, out attribute),
            long or BigInteger or bool or double => NumberMethods.Of(value, name, out attribute),
            TemplateObject other => other.TryGetAttribute(name, out attribute),
            _ => false,
        };
    }

    private static bool IsDunder(object? value, string name) =>
        name.StartsWith("__", StringComparison.Ordinal) && (name == "__class__" || (value is not UndefinedValue && (Dunders.Contains(name) || (ContainerDunders.Contains(name) && LengthOrNull(value) is not null))));

    private static bool IsSafe(object? value, string name) => !name.StartsWith('_') && !(value is ListValue && ListChanges.Contains(name)) && !(value is DictValue && DictChanges.Contains(name));

    private static bool TryGetItem(object? value, object? key, out object? item)
    {
        switch (value)
        {
            case DictValue dict:
                if (!ValueComparer.IsHashable(key))
                {
                    item = null;
                    return false;
                }
                return dict.TryGetValue(key, out item);
            case UndefinedValue undefined:
                throw undefined.Error();
            case SequenceValue sequence when Position(key, sequence.Items.Length) is { } at:
                item = sequence.Items[at];
                return true;
            case string text when PythonNumbers.AsInteger(key) is not null && Position(key, CodePointText.Count(text)) is { } at:
                item = CodePointText.At(text, at);
                return true;
            case MarkupText markup when PythonNumbers.AsInteger(key) is not null && Position(key, CodePointText.Count(markup.Text)) is { } at:
                item = new MarkupText(CodePointText.At(markup.Text, at));
                return true;
            case RangeValue range when Position(key, range.Length!.Value) is { } at:
                item = range.At(at);
                return true;
            case BytesValue bytes when Position(key, bytes.Bytes.Length) is { } at:
                item = (long)bytes.Bytes[at];
                return true;
            default:
                item = null;
                return false;
        }
    }

    private static int? Position(object? key, int length)
    {
        if (PythonNumbers.AsInteger(key) is not { } index) return null;
        if (index < 0) index += length;
        return index >= 0 && index < length ? (int)index : null;
    }
}
