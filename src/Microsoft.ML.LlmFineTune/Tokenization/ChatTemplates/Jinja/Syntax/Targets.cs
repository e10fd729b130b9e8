namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What can be assigned to.</summary>
internal interface ITarget
{
    /// <summary>A copy that is bound by itself.</summary>
    Expression CopyTarget();

    /// <summary>Sets the variables, when bound.</summary>
    void Assign(Frame frame, object? value);
}

internal enum NameUse
{
    Read,
    Set,
    Parameter,
}

/// <summary>A variable.</summary>
internal sealed class NameExpression(string identifier, NameUse use) : Expression, ITarget
{
    private Variable _variable;

    public string Identifier => identifier;

    public NameUse Use { get; private set; } = use;

    public bool IsTarget => Use != NameUse.Read;

    /// <summary>Whether what is assigned is seen by blocks.</summary>
    private bool Exports { get; set; }

    public override IEnumerable<TemplateNode> Children => [];

    public void MakeTarget(NameUse use) => Use = use;

    public override void Declare(Scope scope)
    {
        switch (Use)
        {
            case NameUse.Read: scope.DeclareLoad(identifier); break;
            case NameUse.Set: scope.DeclareStore(identifier); break;
            default: scope.DeclareParameter(identifier); break;
        }
    }

    public override void Bind(Binding binding)
    {
        _variable = binding.Of(identifier);
        Exports = binding.IsTop && Use == NameUse.Set;
    }

    public override object? Evaluate(Frame frame)
    {
        var value = _variable.Read(frame);
        return ReferenceEquals(value, Frame.Missing) ? UndefinedValue.Variable(identifier) : value;
    }

    public Expression CopyTarget() => new NameExpression(identifier, Use) { Line = Line, At = At };

    public void Assign(Frame frame, object? value)
    {
        _variable.Write(frame, value);
        if (Exports) frame.State.Export(identifier, value);
    }
}

/// <summary>An attribute of a namespace that is assigned to.</summary>
internal sealed class NamespaceTarget(string identifier, string attribute) : Expression, ITarget
{
    private Variable _variable;

    public override IEnumerable<TemplateNode> Children => [];

    public override void Declare(Scope scope) => scope.DeclareLoad(identifier);

    public override void Bind(Binding binding) => _variable = binding.Of(identifier);

    public override object? Evaluate(Frame frame) => throw new InvalidOperationException("An attribute that is assigned to has no value.");

    public Expression CopyTarget() => new NamespaceTarget(identifier, attribute) { Line = Line, At = At };

    /// <summary>Before anything is assigned, all targets must be attributes of namespaces.</summary>
    public void Demand(Frame frame)
    {
        if (_variable.Read(frame) is not NamespaceValue) throw Raise.Runtime("cannot assign attribute on non-namespace object");
    }

    public void Assign(Frame frame, object? value) => ((NamespaceValue)_variable.Read(frame)!).Set(attribute, value);
}

/// <summary>A tuple: of values, or of targets.</summary>
internal sealed class TupleExpression(Expression[] items) : Expression, ITarget
{
    public Expression[] Items => items;

    public override IEnumerable<TemplateNode> Children => items;

    public override object? Evaluate(Frame frame)
    {
        RenderBudget.MakeItems(items.Length);
        return new TupleValue(Array.ConvertAll(items, item => item.Evaluate(frame)));
    }

    public Expression CopyTarget() => new TupleExpression(Array.ConvertAll(items, item => ((ITarget)item).CopyTarget())) { Line = Line, At = At };

    public void Assign(Frame frame, object? value)
    {
        if (Values.IterateOrNull(value) is not { } each) throw Raise.Type($"cannot unpack non-iterable {Values.TypeName(value)} object");
        var values = new object?[items.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (!each.MoveNext()) throw Raise.Value($"not enough values to unpack (expected {items.Length}, got {i})");
            values[i] = each.Current;
        }
        if (each.MoveNext()) throw Raise.Value($"too many values to unpack (expected {items.Length})");
        for (var i = 0; i < values.Length; i++) ((ITarget)items[i]).Assign(frame, values[i]);
    }
}
