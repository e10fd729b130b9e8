using System.Collections.Frozen;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The tests of Jinja: what may stand behind <c>is</c>.</summary>
internal static class Tests
{
    public static readonly FrozenDictionary<string, BuiltinFunction> Table = All().ToFrozenDictionary(pair => pair.Name, pair => pair.Test, StringComparer.Ordinal);

    private static IEnumerable<(string Name, BuiltinFunction Test)> All()
    {
        yield return One("odd", value => Comparison.Equal(Operators.Modulo(value, 2L), 1L));
        yield return One("even", value => Comparison.Equal(Operators.Modulo(value, 2L), 0L));
        yield return One("defined", value => !Values.IsUndefined(value));
        yield return One("undefined", Values.IsUndefined);
        yield return One("filter", value => Values.IsText(Hashable(value), out var name) && Filters.Table.ContainsKey(name));
        yield return One("test", value => Values.IsText(Hashable(value), out var name) && Table!.ContainsKey(name));
        yield return One("none", value => value is null);
        yield return One("boolean", value => value is bool);
        yield return One("false", value => value is false);
        yield return One("true", value => value is true);
        yield return One("integer", value => value is not bool && PythonNumbers.IsInteger(value));
        yield return One("float", value => value is double);
        yield return One("lower", value => StringMethods.IsLower(Printing.Text(value)));
        yield return One("upper", value => StringMethods.IsUpper(Printing.Text(value)));
        yield return One("string", Values.IsText);
        yield return One("mapping", value => value is DictValue);
        yield return One("number", PythonNumbers.IsNumber);
        yield return One("sequence", value => value is string or MarkupText or SequenceValue or DictValue or RangeValue or BytesValue or UndefinedValue);
        yield return One("iterable", value => Values.IterateOrNull(value) is not null);
        yield return One("callable", Values.IsCallable);
        yield return One("escaped", value => value is MarkupText);
        yield return Two("divisibleby", "num", (value, other) => Comparison.Equal(Operators.Modulo(value, other), 0L));
        yield return Two("sameas", "other", IsSame);
        yield return Two("in", "seq", (value, container) => Comparison.Contains(container, value));
        foreach (var name in new[] { "==", "eq", "equalto" }) yield return Two(name, "b", Comparison.Equal);
        foreach (var name in new[] { "!=", "ne" }) yield return Two(name, "b", (left, right) => !Comparison.Equal(left, right));
        foreach (var name in new[] { ">", "gt", "greaterthan" }) yield return Two(name, "b", Comparison.Greater);
        foreach (var name in new[] { ">=", "ge" }) yield return Two(name, "b", Comparison.GreaterOrEqual);
        foreach (var name in new[] { "<", "lt", "lessthan" }) yield return Two(name, "b", Comparison.Less);
        foreach (var name in new[] { "<=", "le" }) yield return Two(name, "b", Comparison.LessOrEqual);
    }

    private static (string Name, BuiltinFunction Test) One(string name, Func<object?, bool> test) =>
        (name, new BuiltinFunction(new Signature($"test_{name}", 1, ["value"]), (_, a) =>
        {
            RenderBudget.Steps(1 + Values.Size(a[0]));
            return Values.Box(test(a[0]));
        }));

    private static (string Name, BuiltinFunction Test) Two(string name, string second, Func<object?, object?, bool> test) =>
        (name, new BuiltinFunction(new Signature($"test_{name}", 2, ["value", second]), (_, a) =>
        {
            RenderBudget.Steps(1);
            return Values.Box(test(a[0], a[1]));
        }));

    private static object? Hashable(object? value) => ValueComparer.IsHashable(value) ? value : throw Raise.Type($"unhashable type: '{Values.TypeName(value)}'");

    // Small values are one object each in Python.
    private static bool IsSame(object? left, object? right) => ReferenceEquals(left, right) || (left, right) switch
    {
        (bool a, bool b) => a == b,
        (string a, string b) => a == b,
        (long a, long b) => a == b && a is >= -5 and <= 256,
        (TupleValue { Items.Length: 0 }, TupleValue { Items.Length: 0 }) => true,
        _ => false,
    };
}
