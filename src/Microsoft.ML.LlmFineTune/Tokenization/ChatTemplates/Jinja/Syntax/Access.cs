namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>value.name</c>.</summary>
internal sealed class AttributeExpression(Expression value, string name) : Expression
{
    public override IEnumerable<TemplateNode> Children => [value];

    public override object? Evaluate(Frame frame)
    {
        frame.State.Budget.TakeStep();
        return Values.GetAttribute(value.Evaluate(frame), name);
    }
}

/// <summary><c>value[key]</c>.</summary>
internal sealed class ItemExpression(Expression value, Expression key) : Expression
{
    public override IEnumerable<TemplateNode> Children => [value, key];

    public override object? Evaluate(Frame frame)
    {
        frame.State.Budget.TakeStep();
        var owner = value.Evaluate(frame);
        return key is SliceExpression slice ? slice.Of(owner, frame) : Values.GetItem(owner, key.Evaluate(frame));
    }
}

/// <summary><c>start:stop:step</c> inside brackets.</summary>
internal sealed class SliceExpression(Expression? start, Expression? stop, Expression? step) : Expression
{
    public override IEnumerable<TemplateNode> Children => new[] { start, stop, step }.OfType<TemplateNode>();

    public object? Of(object? owner, Frame frame) => Slicing.Of(owner, start?.Evaluate(frame), stop?.Evaluate(frame), step?.Evaluate(frame));

    public override object? Evaluate(Frame frame) => new SliceValue(start?.Evaluate(frame), stop?.Evaluate(frame), step?.Evaluate(frame));
}
