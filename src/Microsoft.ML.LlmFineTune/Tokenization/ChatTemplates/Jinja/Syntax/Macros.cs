namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Parameters and body of a macro, or of the caller that a call block is.</summary>
internal sealed class MacroDefinition(NameExpression[] parameters, Expression[] defaults, Body body)
{
    private ScopeEntry _entry = ScopeEntry.None;
    private Variable[] _parameters = [];

    public string[] ParameterNames { get; } = [.. parameters.Select(parameter => parameter.Identifier)];

    public bool TakesCaller { get; private set; }

    public bool TakesNamed { get; private set; }

    public bool TakesPositional { get; private set; }

    public IEnumerable<TemplateNode> Children => parameters.Cast<TemplateNode>().Concat(defaults).Concat(body.Statements);

    public void Bind(Binding binding, TemplateNode owner)
    {
        var inner = binding.Inner(binding.NewFunction());
        Declare(inner.Scope);
        var undeclared = Undeclared.In(body.Statements, "caller", "kwargs", "varargs");
        var explicitCaller = Array.IndexOf(ParameterNames, "caller");
        var slots = ParameterNames.Select(inner.Of).ToList();
        if (undeclared.Contains("caller"))
        {
            if (explicitCaller < 0) slots.Add(Special("caller"));
            else if (explicitCaller < parameters.Length - defaults.Length)
                throw binding.Error("When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.", owner);
            TakesCaller = true;
        }
        if (TakesNamed = undeclared.Contains("kwargs") && !ParameterNames.Contains("kwargs")) slots.Add(Special("kwargs"));
        if (TakesPositional = undeclared.Contains("varargs") && !ParameterNames.Contains("varargs")) slots.Add(Special("varargs"));
        Declare(inner.Scope);
        _parameters = [.. slots];
        foreach (var parameter in parameters) parameter.Bind(inner);
        foreach (var value in defaults) value.Bind(inner);
        body.Bind(inner);
        _entry = inner.Scope.Entry();

        Variable Special(string name)
        {
            inner.Scope.DeclareParameter(name);
            return inner.Of(name);
        }
    }

    /// <summary>Runs the body. The values are the parameters' (or <see cref="Frame.Missing"/>), then caller, named and positional rest, as far as they are taken.</summary>
    public string Run(Frame outer, List<object?> values)
    {
        outer.State.Budget.Enter();
        var frame = new Frame(outer.State, outer, _entry.Function.Size);
        for (var i = 0; i < _parameters.Length; i++) _parameters[i].Write(frame, values[i]);
        _entry.Enter(frame);
        for (var i = 0; i < parameters.Length; i++)
        {
            if (!ReferenceEquals(_parameters[i].Read(frame), Frame.Missing)) continue;
            var at = i - (parameters.Length - defaults.Length);
            _parameters[i].Write(frame, at >= 0 ? defaults[at].Evaluate(frame) : UndefinedValue.Parameter(ParameterNames[i]));
        }
        var buffer = outer.NewBuffer();
        body.Execute(frame, buffer);
        outer.State.Budget.Leave();
        return buffer.ToString();
    }

    private void Declare(Scope scope)
    {
        foreach (var child in Children) child.Declare(scope);
    }
}

/// <summary><c>{% macro name(parameters) %}</c>.</summary>
internal sealed class MacroStatement(string name, MacroDefinition definition) : Statement
{
    private Variable _variable;
    private bool _exports;

    public override IEnumerable<TemplateNode> Children => definition.Children;

    public override void Declare(Scope scope) => scope.DeclareStore(name);

    public override void Bind(Binding binding)
    {
        definition.Bind(binding, this);
        _variable = binding.Of(name);
        _exports = binding.IsTop;
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        var macro = new MacroValue(name, definition, frame);
        _variable.Write(frame, macro);
        if (_exports) frame.State.Export(name, macro);
        return Flow.Next;
    }
}

/// <summary><c>{% call(parameters) macro(arguments) %}...{% endcall %}</c>: the body is handed to the macro as its caller.</summary>
internal sealed class CallStatement(MacroDefinition definition, CallExpression call) : Statement
{
    public override IEnumerable<TemplateNode> Children => definition.Children.Append(call);

    public override void Declare(Scope scope) => call.Declare(scope);

    public override void Bind(Binding binding)
    {
        definition.Bind(binding, this);
        call.Bind(binding);
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        output.Write(Printing.Text(call.Evaluate(frame, new("caller", new MacroValue(null, definition, frame)))));
        return Flow.Next;
    }
}

/// <summary><c>{% generation %}...{% endgeneration %}</c>: prints its body and notes where it stands.</summary>
internal sealed class GenerationStatement(MacroDefinition definition) : Statement
{
    public override IEnumerable<TemplateNode> Children => definition.Children;

    public override void Declare(Scope scope)
    {
    }

    public override void Bind(Binding binding) => definition.Bind(binding, this);

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        var text = (string)new MacroValue(null, definition, frame).Call(frame.State, Arguments.None)!;
        frame.State.Generated(text);
        output.Write(text);
        return Flow.Next;
    }
}
