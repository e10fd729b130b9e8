namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Something that gives its items once, one at a time, as they are asked for.</summary>
internal sealed class IteratorValue(string typeName, IEnumerator<object?> items) : TemplateObject
{
    public override string TypeName => typeName;

    public override bool IsTrue => true;

    public override IEnumerator<object?> Iterate() => items;
}
