namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What <c>keys()</c>, <c>values()</c> and <c>items()</c> of a dict give.</summary>
internal sealed class DictView(DictValue dict, DictPart part) : TemplateObject
{
    public DictPart Part => part;

    public DictValue Dict => dict;

    public override string TypeName => part switch { DictPart.Keys => "dict_keys", DictPart.Values => "dict_values", _ => "dict_items" };

    public override int? Length => dict.Count;

    public object? At(int position) => part switch
    {
        DictPart.Keys => dict.At(position).Key,
        DictPart.Values => dict.At(position).Value,
        _ => new TupleValue([dict.At(position).Key, dict.At(position).Value]),
    };

    public override IEnumerator<object?> Iterate()
    {
        for (var i = 0; i < dict.Count; i++) yield return At(i);
    }

    public override void WriteRepr(PrintBuffer output)
    {
        RenderBudget.EnterValue();
        output.Append($"{TypeName}([");
        for (var i = 0; i < dict.Count; i++)
        {
            if (i > 0) output.Append(", ");
            Printing.WriteRepr(output, At(i));
        }
        output.Append("])");
        RenderBudget.LeaveValue();
    }
}

internal enum DictPart
{
    Keys,
    Values,
    Items,
}
