using System.Collections.Frozen;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The filters of Jinja, by name.</summary>
internal static class Filters
{
    public static readonly FrozenDictionary<string, BuiltinFunction> Table = TextFilters.All().Concat(NumberFilters.All()).Concat(SequenceFilters.All()).Concat(SelectingFilters.All())
        .ToFrozenDictionary(pair => pair.Name, pair => pair.Filter, StringComparer.Ordinal);

    /// <summary>A filter.</summary>
    /// <param name="name">Its name in templates.</param>
    /// <param name="function">Its name in the reference, which errors give.</param>
    /// <param name="required">Number of parameters without default, the value included.</param>
    /// <param name="parameters">All parameters, the value first.</param>
    /// <param name="body">What it does.</param>
    /// <param name="hidden">Number of parameters that the reference fills itself.</param>
    public static (string Name, BuiltinFunction Filter) New(string name, string function, int required, string[] parameters, Func<RenderState, object?[], object?> body, int hidden = 0) =>
        (name, new BuiltinFunction(new Signature(function, required, parameters, hidden), (state, a) =>
        {
            RenderBudget.Steps(1 + Values.Size(a[0]));
            return body(state, a);
        }));

    public static object? Or(object? parameter, object? fallback) => ReferenceEquals(parameter, Signature.Absent) ? fallback : parameter;

    public static bool Flag(object? parameter, bool fallback = false) => ReferenceEquals(parameter, Signature.Absent) ? fallback : Values.IsTrue(parameter);

    /// <summary>A value as text; a markup text stays one.</summary>
    public static object SoftText(object? value) => value is MarkupText ? value : Printing.Text(value);

    /// <summary>A value as text, and the same kind of text of what is made of it.</summary>
    public static object? OnText(object? value, Func<string, string> change)
    {
        var text = Printing.Text(value);
        RenderBudget.Make(text.Length);
        RenderBudget.Steps(text.Length >> 2);
        var changed = change(text);
        return value is MarkupText ? new MarkupText(changed) : changed;
    }

    /// <summary>Calls a filter that a text names, as <c>map</c> does.</summary>
    public static object? Call(RenderState state, object? name, object? value, object?[] positional, DictValue named) => Named(Table, "filter", name).Call(state, Prepend(value, positional, named));

    /// <summary>Calls a test that a text names, as <c>select</c> does.</summary>
    public static bool Test(RenderState state, object? name, object? value, object?[] positional, DictValue named) => Values.IsTrue(Named(Tests.Table, "test", name).Call(state, Prepend(value, positional, named)));

    private static BuiltinFunction Named(FrozenDictionary<string, BuiltinFunction> table, string kind, object? name)
    {
        if (!ValueComparer.IsHashable(name)) throw Raise.Type($"unhashable type: '{Values.TypeName(name)}'");
        return Values.IsText(name, out var text) && table.TryGetValue(text, out var found) ? found
            : throw Raise.Runtime($"No {kind} named {Printing.Repr(name)}.{(name is UndefinedValue undefined ? $" ({undefined.Error().Reason}; did you forget to quote the callable name?)" : "")}");
    }

    private static Arguments Prepend(object? value, object?[] positional, DictValue named) =>
        new([value, .. positional], [.. Enumerable.Range(0, named.Count).Select(i => new KeyValuePair<string, object?>(Printing.Text(named.At(i).Key), named.At(i).Value))]);
}
