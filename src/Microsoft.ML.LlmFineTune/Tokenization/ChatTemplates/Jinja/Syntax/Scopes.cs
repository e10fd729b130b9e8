namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>{% with name = value %}</c>. The values see the names around, not each other.</summary>
internal sealed class WithStatement(Expression[] targets, Expression[] values, Body body) : Statement
{
    private ScopeEntry _entry = ScopeEntry.None;

    public override IEnumerable<TemplateNode> Children => targets.Concat(values).Cast<TemplateNode>().Concat(body.Statements);

    public override void Declare(Scope scope)
    {
        foreach (var value in values) value.Declare(scope);
    }

    public override void Bind(Binding binding)
    {
        var inner = binding.Inner();
        foreach (var target in targets) target.Declare(inner.Scope);
        foreach (var statement in body.Statements) statement.Declare(inner.Scope);
        foreach (var target in targets) target.Bind(inner);
        foreach (var value in values) value.Bind(binding);
        body.Bind(inner);
        _entry = inner.Scope.Entry();
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        _entry.Enter(frame);
        for (var i = 0; i < targets.Length; i++) ((ITarget)targets[i]).Assign(frame, values[i].Evaluate(frame));
        var flow = body.Execute(frame, output);
        _entry.Leave(frame);
        return flow;
    }
}

/// <summary>Statements with variables of their own: <c>{% autoescape false %}</c>.</summary>
internal sealed class ScopeStatement(Body body) : Statement
{
    private ScopeEntry _entry = ScopeEntry.None;

    public override IEnumerable<TemplateNode> Children => body.Statements;

    public override void Declare(Scope scope)
    {
    }

    public override void Bind(Binding binding)
    {
        var inner = binding.Inner();
        foreach (var statement in body.Statements) statement.Declare(inner.Scope);
        body.Bind(inner);
        _entry = inner.Scope.Entry();
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        _entry.Enter(frame);
        var flow = body.Execute(frame, output);
        _entry.Leave(frame);
        return flow;
    }
}

/// <summary><c>{% filter name %}</c>: what the body prints goes through a filter.</summary>
internal sealed class FilterStatement(FilterExpression filter, Body body) : Statement
{
    private ScopeEntry _entry = ScopeEntry.None;

    public override IEnumerable<TemplateNode> Children => body.Statements.Cast<TemplateNode>().Append(filter);

    public override void Declare(Scope scope) => filter.Declare(scope);

    public override void Bind(Binding binding)
    {
        var inner = binding.Inner();
        foreach (var statement in body.Statements) statement.Declare(inner.Scope);
        filter.Declare(inner.Scope);
        body.Bind(inner);
        filter.Bind(inner);
        _entry = inner.Scope.Entry();
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        _entry.Enter(frame);
        var buffer = frame.NewBuffer();
        var flow = body.Execute(frame, buffer);
        if (flow != Flow.Next) return flow;
        output.Write(Printing.Text(filter.OnBlock(frame, buffer.ToString())));
        _entry.Leave(frame);
        return Flow.Next;
    }
}
