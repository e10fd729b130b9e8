namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A list or tuple. The sandbox lets nobody change a list, so its items are an array.</summary>
internal abstract class SequenceValue(object?[] items) : TemplateObject
{
    public object?[] Items { get; } = items;

    public override int? Length => Items.Length;

    public override IEnumerator<object?> Iterate() => ((IEnumerable<object?>)Items).GetEnumerator();

    public abstract SequenceValue With(object?[] items);

    protected void WriteItems(PrintBuffer output)
    {
        RenderBudget.EnterValue();
        for (var i = 0; i < Items.Length; i++)
        {
            if (i > 0) output.Append(", ");
            Printing.WriteRepr(output, Items[i]);
        }
        RenderBudget.LeaveValue();
    }
}

internal sealed class ListValue(object?[] items) : SequenceValue(items)
{
    public override string TypeName => "list";

    public override SequenceValue With(object?[] items) => new ListValue(items);

    public override bool TryGetAttribute(string name, out object? value) => ListMethods.Of(this, name, out value);

    public override void WriteRepr(PrintBuffer output)
    {
        output.Append('[');
        WriteItems(output);
        output.Append(']');
    }
}

/// <summary>A tuple; <paramref name="group"/> where it is one of <c>groupby</c>'s, whose two items have names.</summary>
internal sealed class TupleValue(object?[] items, bool group = false) : SequenceValue(items)
{
    public static TupleValue Empty { get; } = new([]);

    public override string TypeName => group ? "_GroupTuple" : "tuple";

    public override string QualifiedTypeName => group ? "jinja2.filters._GroupTuple" : "tuple";

    public override SequenceValue With(object?[] items) => new TupleValue(items);

    public override bool TryGetAttribute(string name, out object? value)
    {
        if (group && name is "grouper" or "list")
        {
            value = Items[name == "grouper" ? 0 : 1];
            return true;
        }
        return ListMethods.Of(this, name, out value);
    }

    public override void WriteRepr(PrintBuffer output)
    {
        output.Append('(');
        WriteItems(output);
        output.Append(Items.Length == 1 ? ",)" : ")");
    }
}
