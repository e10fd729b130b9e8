using static Microsoft.ML.LlmFineTune.Tokenization.Filters;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Filters that apply a filter or test to each item, as the items are asked for: errors come no sooner.</summary>
internal static class SelectingFilters
{
    public static IEnumerable<(string Name, BuiltinFunction Filter)> All()
    {
        yield return New("map", "sync_do_map", 1, ["value", "*"], (state, a) => new IteratorValue("generator", Map(state, a[0], ((TupleValue)a[1]!).Items, (DictValue)a[2]!)), hidden: 1);
        yield return Selecting("select", wanted: true, byAttribute: false);
        yield return Selecting("reject", wanted: false, byAttribute: false);
        yield return Selecting("selectattr", wanted: true, byAttribute: true);
        yield return Selecting("rejectattr", wanted: false, byAttribute: true);
    }

    private static (string Name, BuiltinFunction Filter) Selecting(string name, bool wanted, bool byAttribute) =>
        New(name, $"sync_do_{name}", 1, ["value", "*"], (state, a) => new IteratorValue("generator", Select(state, a[0], ((TupleValue)a[1]!).Items, (DictValue)a[2]!, wanted, byAttribute)), hidden: 1);

    private static IEnumerator<object?> Map(RenderState state, object? value, object?[] positional, DictValue named)
    {
        if (!Values.IsTrue(value)) yield break;
        Func<object?, object?> change;
        if (positional.Length == 0 && named.TryGetValue("attribute", out var attribute))
        {
            _ = named.TryGetValue("default", out var fallback);
            for (var i = 0; i < named.Count; i++)
            {
                if (named.At(i).Key is not ("attribute" or "default")) throw Raise.FilterArgument($"Unexpected keyword argument {Printing.Repr(named.At(i).Key)}");
            }
            change = new AttributePath(attribute, fallback).Of;
        }
        else
        {
            if (positional.Length == 0) throw Raise.FilterArgument("map requires a filter argument");
            change = item => Filters.Call(state, positional[0], item, positional[1..], named);
        }
        using var each = Values.Iterate(value);
        while (each.MoveNext())
        {
            RenderBudget.Steps(1);
            yield return change(each.Current);
        }
    }

    private static IEnumerator<object?> Select(RenderState state, object? value, object?[] positional, DictValue named, bool wanted, bool byAttribute)
    {
        if (!Values.IsTrue(value)) yield break;
        if (byAttribute && positional.Length == 0) throw Raise.FilterArgument("Missing parameter for attribute name");
        var path = byAttribute ? new AttributePath(positional[0]) : null;
        if (byAttribute) positional = positional[1..];
        using var each = Values.Iterate(value);
        while (each.MoveNext())
        {
            RenderBudget.Steps(1);
            var tested = path is null ? each.Current : path.Of(each.Current);
            var holds = positional.Length == 0 ? Values.IsTrue(tested) : Filters.Test(state, positional[0], tested, positional[1..], named);
            if (holds == wanted) yield return each.Current;
        }
    }
}
