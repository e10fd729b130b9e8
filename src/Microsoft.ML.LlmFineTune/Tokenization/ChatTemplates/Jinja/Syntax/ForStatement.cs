namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// <c>{% for target in items if test recursive %}...{% else %}...{% endfor %}</c>. The variables of a pass start anew with each. With a test, <c>loop</c> counts the items that pass it; a recursive loop is a function of its own, that <c>loop(items)</c> calls.
/// </summary>
internal sealed class ForStatement(Expression target, Expression items, Expression? test, bool recursive, Body body, Body otherwise) : Statement
{
    private ScopeEntry _body = ScopeEntry.None;
    private ScopeEntry _else = ScopeEntry.None;
    private ScopeEntry _test = ScopeEntry.None;
    private Expression? _testTarget;
    private Variable? _loop;

    public override IEnumerable<TemplateNode> Children => new TemplateNode[] { target, items }.Concat(body.Statements).Concat(otherwise.Statements).Concat(test is null ? [] : [test]);

    // The body is a scope of its own.
    public override void Declare(Scope scope) => items.Declare(scope);

    public override void Bind(Binding binding)
    {
        if (All().OfType<NameExpression>().FirstOrDefault(name => name is { Use: NameUse.Set, Identifier: "loop" }) is { } wrong)
            throw binding.Error("Can't assign to special loop variable in for-loop target", wrong);
        if (test is not null)
        {
            var filter = binding.Inner(binding.NewFunction());
            _testTarget = ((ITarget)target).CopyTarget();
            DeclareAsParameters(_testTarget, filter.Scope);
            test.Declare(filter.Scope);
            _testTarget.Bind(filter);
            test.Bind(filter);
            _test = filter.Scope.Entry();
        }
        var function = recursive ? binding.NewFunction() : null;
        var inner = binding.Inner(function) with { IsInLoop = true };
        var usesLoop = recursive || Undeclared.In(body.Statements, "loop").Count > 0 || All().OfType<BlockStatement>().Any(block => block.IsScoped);
        if (usesLoop) inner.Scope.DeclareParameter("loop");
        DeclareAsParameters(target, inner.Scope);
        foreach (var statement in body.Statements) statement.Declare(inner.Scope);
        if (usesLoop) _loop = inner.Of("loop");
        target.Bind(inner);
        items.Bind(binding);
        body.Bind(inner);
        _body = inner.Scope.Entry();
        if (otherwise.IsEmpty) return;
        var last = binding.Inner(function) with { IsInLoop = binding.IsInLoop && !recursive };
        foreach (var statement in otherwise.Statements) statement.Declare(last.Scope);
        otherwise.Bind(last);
        _else = last.Scope.Entry();
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        var over = items.Evaluate(frame);
        if (!recursive) return Run(frame, frame, over, output, depth: 0, null);
        output.Write(Recurse(frame, over, 0));
        return Flow.Next;
    }

    private string Recurse(Frame outer, object? over, int depth)
    {
        outer.State.Budget.Enter();
        var frame = new Frame(outer.State, outer, _body.Function.Size);
        var buffer = outer.NewBuffer();
        Run(frame, outer, over, buffer, depth, inner => Recurse(outer, inner, depth + 1));
        outer.State.Budget.Leave();
        return buffer.ToString();
    }

    private Flow Run(Frame frame, Frame outer, object? over, OutputBuffer output, int depth, Func<object?, string>? recurse)
    {
        var source = _testTarget is null ? over : new IteratorValue("generator", Tested(outer, over));
        var any = false;
        if (_loop is { } variable)
        {
            var loop = new LoopValue(source, recurse, depth);
            while (loop.MoveNext())
            {
                any = true;
                if (!Pass(frame, loop.Current, output, variable, loop)) break;
            }
            any = loop.Any;
        }
        else if (source is SequenceValue sequence)
        {
            foreach (var item in sequence.Items)
            {
                any = true;
                if (!Pass(frame, item, output, null, null)) break;
            }
        }
        else
        {
            var each = Values.Iterate(source);
            while (each.MoveNext())
            {
                any = true;
                if (!Pass(frame, each.Current, output, null, null)) break;
            }
        }
        _body.Leave(frame);
        return any || otherwise.IsEmpty ? Flow.Next : Else(frame, output);
    }

    private Flow Else(Frame frame, OutputBuffer output)
    {
        _else.Enter(frame);
        var flow = otherwise.Execute(frame, output);
        _else.Leave(frame);
        return flow;
    }

    private bool Pass(Frame frame, object? item, OutputBuffer output, Variable? variable, LoopValue? loop)
    {
        frame.State.Budget.TakeStep();
        ((ITarget)target).Assign(frame, item);
        variable?.Write(frame, loop);
        _body.Enter(frame);
        return body.Execute(frame, output) != Flow.Break;
    }

    private IEnumerator<object?> Tested(Frame outer, object? over)
    {
        var frame = new Frame(outer.State, outer, _test.Function.Size);
        _test.Enter(frame);
        var each = Values.Iterate(over);
        while (each.MoveNext())
        {
            outer.State.Budget.TakeStep();
            ((ITarget)_testTarget!).Assign(frame, each.Current);
            if (Values.IsTrue(test!.Evaluate(frame))) yield return each.Current;
        }
    }

    private static void DeclareAsParameters(Expression target, Scope scope)
    {
        foreach (var name in target.All().OfType<NameExpression>()) scope.DeclareParameter(name.Identifier);
    }
}
