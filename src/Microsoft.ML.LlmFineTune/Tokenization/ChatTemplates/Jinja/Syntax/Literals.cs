namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A value written in the template.</summary>
internal sealed class ConstantExpression(object? value) : Expression
{
    public object? Value => value;

    public override IEnumerable<TemplateNode> Children => [];

    public override object? Evaluate(Frame frame) => value;
}

internal sealed class ListExpression(Expression[] items) : Expression
{
    public override IEnumerable<TemplateNode> Children => items;

    public override object? Evaluate(Frame frame)
    {
        RenderBudget.MakeItems(items.Length);
        return new ListValue(Array.ConvertAll(items, item => item.Evaluate(frame)));
    }
}

internal sealed class DictExpression(KeyValuePair<Expression, Expression>[] pairs) : Expression
{
    public override IEnumerable<TemplateNode> Children => pairs.SelectMany(pair => new[] { pair.Key, pair.Value });

    public override object? Evaluate(Frame frame)
    {
        RenderBudget.MakeItems(pairs.Length * 2L);
        var dict = new DictValue(pairs.Length);
        foreach (var (key, value) in pairs)
        {
            var evaluated = key.Evaluate(frame);
            dict[evaluated] = value.Evaluate(frame);
        }
        return dict;
    }
}
