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
        return key is SliceExpression slice ? slice.Of(owner, frame, isConstant: value is ConstantExpression) : Values.GetItem(owner, key.Evaluate(frame));
    }
}

/// <summary><c>start:stop:step</c> inside brackets.</summary>
internal sealed class SliceExpression(Expression? start, Expression? stop, Expression? step) : Expression
{
    public override IEnumerable<TemplateNode> Children => new[] { start, stop, step }.OfType<TemplateNode>();

    /// <summary>The part of a value. The reference evaluates constants when it compiles, where a slice that cannot be taken is an undefined value.</summary>
    public object? Of(object? owner, Frame frame, bool isConstant)
    {
        try
        {
            return Slicing.Of(owner, start?.Evaluate(frame), stop?.Evaluate(frame), step?.Evaluate(frame));
        }
        catch (ChatTemplateException e) when (isConstant && e.Kind == ChatTemplateErrorKind.TypeError && Children.All(part => part is ConstantExpression))
        {
            return UndefinedValue.Member(owner, Evaluate(frame));
        }
    }

    public override object? Evaluate(Frame frame) => new SliceValue(start?.Evaluate(frame), stop?.Evaluate(frame), step?.Evaluate(frame));
}
