namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The arguments between the parentheses of a call.</summary>
/// <param name="Positional">By position.</param>
/// <param name="Named">By name.</param>
/// <param name="MorePositional">An iterable of more: <c>*items</c>.</param>
/// <param name="MoreNamed">A mapping of more: <c>**items</c>.</param>
internal sealed record ArgumentList(Expression[] Positional, KeyValuePair<string, Expression>[] Named, Expression? MorePositional, Expression? MoreNamed)
{
    public static readonly ArgumentList Empty = new([], [], null, null);

    public bool IsEmpty => Positional.Length == 0 && Named.Length == 0 && MorePositional is null && MoreNamed is null;

    public IEnumerable<Expression> Expressions => Positional.Concat(Named.Select(pair => pair.Value)).Concat(new[] { MorePositional, MoreNamed }.OfType<Expression>());

    /// <summary>Their values, with some more put before and behind.</summary>
    public Arguments Evaluate(Frame frame, KeyValuePair<string, object?>? extra = null)
    {
        var positional = Positional.Length == 0 ? [] : new object?[Positional.Length];
        for (var i = 0; i < positional.Length; i++) positional[i] = Positional[i].Evaluate(frame);
        if (MorePositional is not null)
        {
            var more = MorePositional.Evaluate(frame);
            if (Values.IterateOrNull(more) is null) throw Raise.Type($"Value after * must be an iterable, not {Values.TypeName(more)}");
            positional = [.. positional, .. Values.ToArray(more)];
        }
        if (Named.Length == 0 && MoreNamed is null && extra is null) return new Arguments(positional);
        var named = new List<KeyValuePair<string, object?>>();
        foreach (var (name, value) in Named) Add(named, name, value.Evaluate(frame));
        if (extra is { } added) Add(named, added.Key, added.Value);
        if (MoreNamed is not null)
        {
            var more = MoreNamed.Evaluate(frame);
            if (more is not DictValue dict) throw Raise.Type($"argument after ** must be a mapping, not {Values.TypeName(more)}");
            for (var i = 0; i < dict.Count; i++) Add(named, Values.IsText(dict.At(i).Key, out var name) ? name : throw Raise.Type("keywords must be strings"), dict.At(i).Value);
        }
        return new Arguments(positional, [.. named]);
    }

    private static void Add(List<KeyValuePair<string, object?>> named, string name, object? value)
    {
        RenderBudget.Make(1);
        RenderBudget.Steps(named.Count);
        if (named.Exists(pair => pair.Key == name)) throw Raise.Type($"got multiple values for keyword argument '{name}'");
        named.Add(new(name, value));
    }
}

/// <summary><c>value(arguments)</c>.</summary>
internal sealed class CallExpression(Expression callee, ArgumentList arguments) : Expression
{
    public override IEnumerable<TemplateNode> Children => arguments.Expressions.Prepend(callee);

    public override object? Evaluate(Frame frame) => Evaluate(frame, null);

    /// <summary>Calls with one more argument: the caller of a call block.</summary>
    public object? Evaluate(Frame frame, KeyValuePair<string, object?>? extra)
    {
        frame.State.Budget.TakeStep();
        var called = callee.Evaluate(frame);
        return Values.Call(frame.State, called, arguments.Evaluate(frame, extra));
    }
}

/// <summary><c>value | name(arguments)</c>; without a value where it filters a block.</summary>
internal sealed class FilterExpression(Expression? value, string name, ArgumentList arguments) : Expression
{
    private BuiltinFunction? _filter;

    public Expression? Value => value;

    public override IEnumerable<TemplateNode> Children => value is null ? arguments.Expressions : arguments.Expressions.Prepend(value);

    public override void Bind(Binding binding)
    {
        base.Bind(binding);
        if (!Filters.Table.TryGetValue(name, out _filter) && !binding.IsConditional) throw binding.Error($"No filter named {Printing.Repr(name)}.", this);
    }

    public override object? Evaluate(Frame frame) => Apply(frame, value!.Evaluate(frame));

    /// <summary>The filter (and the ones before it, in a chain on a block) of a captured text.</summary>
    public object? OnBlock(Frame frame, object? text) => Apply(frame, value is FilterExpression before ? before.OnBlock(frame, text) : text);

    private object? Apply(Frame frame, object? filtered)
    {
        frame.State.Budget.TakeStep();
        if (arguments.IsEmpty) return Known().CallOne(frame.State, filtered);
        var given = arguments.Evaluate(frame);
        return Known().Call(frame.State, new Arguments([filtered, .. given.Positional], given.Named));
    }

    private BuiltinFunction Known() => _filter ?? throw Raise.Runtime($"No filter named {Printing.Repr(name)} found.");
}

/// <summary><c>value is name(arguments)</c>.</summary>
internal sealed class TestExpression(Expression value, string name, ArgumentList arguments) : Expression
{
    private BuiltinFunction? _test;

    public override IEnumerable<TemplateNode> Children => arguments.Expressions.Prepend(value);

    public override void Bind(Binding binding)
    {
        base.Bind(binding);
        if (!Tests.Table.TryGetValue(name, out _test) && !binding.IsConditional) throw binding.Error($"No test named {Printing.Repr(name)}.", this);
    }

    public override object? Evaluate(Frame frame)
    {
        frame.State.Budget.TakeStep();
        var tested = value.Evaluate(frame);
        if (arguments.IsEmpty) return Known().CallOne(frame.State, tested);
        var given = arguments.Evaluate(frame);
        return Known().Call(frame.State, new Arguments([tested, .. given.Positional], given.Named));
    }

    private BuiltinFunction Known() => _test ?? throw Raise.Runtime($"No test named {Printing.Repr(name)} found.");
}
