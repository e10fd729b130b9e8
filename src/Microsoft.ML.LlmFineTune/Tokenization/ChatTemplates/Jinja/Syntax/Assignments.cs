namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>{% set target = value %}</c>.</summary>
internal sealed class AssignmentStatement(Expression target, Expression value) : Statement
{
    private readonly NamespaceTarget[] _attributes = [.. target.All().OfType<NamespaceTarget>()];

    public override IEnumerable<TemplateNode> Children => [target, value];

    public override void Declare(Scope scope)
    {
        value.Declare(scope);
        target.Declare(scope);
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        foreach (var attribute in _attributes) attribute.Demand(frame);
        ((ITarget)target).Assign(frame, value.Evaluate(frame));
        return Flow.Next;
    }
}

/// <summary><c>{% set target | filter %}...{% endset %}</c>.</summary>
internal sealed class BlockAssignmentStatement(Expression target, FilterExpression? filter, Body body) : Statement
{
    private ScopeEntry _entry = ScopeEntry.None;

    public override IEnumerable<TemplateNode> Children => body.Statements.Cast<TemplateNode>().Concat(filter is null ? [target] : [target, filter]);

    public override void Declare(Scope scope) => target.Declare(scope);

    public override void Bind(Binding binding)
    {
        var inner = binding.Inner();
        foreach (var statement in body.Statements) statement.Declare(inner.Scope);
        // The reference looks the filter's names up where only the body's are known.
        filter?.Declare(inner.Scope);
        body.Bind(inner);
        target.Bind(binding);
        filter?.Bind(inner);
        _entry = inner.Scope.Entry();
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        _entry.Enter(frame);
        var buffer = frame.NewBuffer();
        var flow = body.Execute(frame, buffer);
        if (flow != Flow.Next) return flow;
        if (target is NamespaceTarget attribute) attribute.Demand(frame);
        var text = buffer.ToString();
        ((ITarget)target).Assign(frame, filter is null ? text : filter.OnBlock(frame, text));
        _entry.Leave(frame);
        return Flow.Next;
    }
}
