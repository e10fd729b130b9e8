namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>An arithmetic operator between two values.</summary>
internal sealed class BinaryExpression(Expression left, Expression right, Func<object?, object?, object?> operation) : Expression
{
    public override IEnumerable<TemplateNode> Children => [left, right];

    public override object? Evaluate(Frame frame)
    {
        frame.State.Budget.TakeStep();
        return operation(left.Evaluate(frame), right.Evaluate(frame));
    }
}

/// <summary>Minus or plus before a value.</summary>
internal sealed class UnaryExpression(Expression operand, Func<object?, object?> operation) : Expression
{
    public override IEnumerable<TemplateNode> Children => [operand];

    public override object? Evaluate(Frame frame) => operation(operand.Evaluate(frame));
}

internal sealed class AndExpression(Expression left, Expression right) : Expression
{
    public override IEnumerable<TemplateNode> Children => [left, right];

    public override object? Evaluate(Frame frame)
    {
        var value = left.Evaluate(frame);
        return Values.IsTrue(value) ? right.Evaluate(frame) : value;
    }
}

internal sealed class OrExpression(Expression left, Expression right) : Expression
{
    public override IEnumerable<TemplateNode> Children => [left, right];

    public override object? Evaluate(Frame frame)
    {
        var value = left.Evaluate(frame);
        return Values.IsTrue(value) ? value : right.Evaluate(frame);
    }
}

internal sealed class NotExpression(Expression operand) : Expression
{
    public override IEnumerable<TemplateNode> Children => [operand];

    public override object? Evaluate(Frame frame) => Values.Box(!Values.IsTrue(operand.Evaluate(frame)));
}

/// <summary>Values joined as texts: <c>a ~ b ~ c</c>.</summary>
internal sealed class ConcatenationExpression(Expression[] parts) : Expression
{
    public override IEnumerable<TemplateNode> Children => parts;

    public override object? Evaluate(Frame frame)
    {
        frame.State.Budget.TakeStep();
        // All values come first: one that fails does so before any is printed.
        var values = Array.ConvertAll(parts, part => part.Evaluate(frame));
        var texts = Array.ConvertAll(values, Printing.Text);
        var length = 0L;
        foreach (var text in texts) length += text.Length;
        RenderBudget.Make(length);
        return string.Concat(texts);
    }
}

/// <summary>Comparisons in a chain, each of neighbours: <c>a &lt; b &lt;= c</c>, <c>a in b</c>.</summary>
internal sealed class ComparisonExpression(Expression first, (Func<object?, object?, bool> Test, Expression Operand)[] rest) : Expression
{
    public override IEnumerable<TemplateNode> Children => rest.Select(comparison => comparison.Operand).Prepend(first);

    public override object? Evaluate(Frame frame)
    {
        frame.State.Budget.TakeStep();
        var left = first.Evaluate(frame);
        foreach (var (test, operand) in rest)
        {
            var right = operand.Evaluate(frame);
            if (!test(left, right)) return Values.False;
            left = right;
        }
        return Values.True;
    }
}

/// <summary><c>value if test else other</c>.</summary>
internal sealed class ConditionalExpression(Expression test, Expression value, Expression? other) : Expression
{
    public override IEnumerable<TemplateNode> Children => other is null ? [test, value] : [test, value, other];

    public override void Bind(Binding binding) => base.Bind(binding with { IsConditional = true });

    public override object? Evaluate(Frame frame)
    {
        if (Values.IsTrue(test.Evaluate(frame))) return value.Evaluate(frame);
        return other is not null ? other.Evaluate(frame) : UndefinedValue.Because($"the inline if-expression on line {Line} evaluated to false and no else section was defined.");
    }
}
