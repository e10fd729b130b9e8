namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>{% block name %}</c>, printed where it stands. It sees the variables of the rendering and those set at the template's top; a scoped block those around it too.</summary>
internal sealed class BlockStatement(string name, bool isScoped, bool isRequired, Body body) : Statement
{
    private ScopeEntry _entry = ScopeEntry.None;
    private Variable? _self;
    private Variable? _super;
    private (string Name, Variable Variable)[] _around = [];

    public string Name => name;

    public bool IsScoped => isScoped;

    public override IEnumerable<TemplateNode> Children => body.Statements;

    public override void Declare(Scope scope)
    {
    }

    public override void Bind(Binding binding)
    {
        if (isScoped) _around = [.. binding.Scope.Stored().Select(stored => (stored.Name, new Variable(stored.Slot, binding.Scope.Function)))];
        var inner = new Binding(binding.Source, new Scope(null, new FunctionScope(null)));
        var undeclared = Undeclared.In(body.Statements, "self", "super");
        if (undeclared.Contains("self")) _self = Special("self");
        if (undeclared.Contains("super")) _super = Special("super");
        foreach (var statement in body.Statements) statement.Declare(inner.Scope);
        body.Bind(inner);
        _entry = inner.Scope.Entry();

        Variable Special(string special)
        {
            inner.Scope.DeclareParameter(special);
            return inner.Of(special);
        }
    }

    public override Flow Execute(Frame frame, OutputBuffer output)
    {
        if (isRequired) throw Raise.Runtime($"Required block {Printing.Repr(name)} not found");
        var before = frame.State.Export(_around.Select(pair => (pair.Name, pair.Variable.Read(frame))));
        Render(frame.State, output);
        frame.State.Restore(before);
        return Flow.Next;
    }

    public void Render(RenderState state, OutputBuffer output)
    {
        state.Budget.Enter();
        var frame = new Frame(state, null, _entry.Function.Size);
        _self?.Write(frame, new SelfValue(state));
        _super?.Write(frame, UndefinedValue.Because($"there is no parent block called {Printing.Repr(name)}."));
        _entry.Enter(frame);
        body.Execute(frame, output);
        state.Budget.Leave();
    }
}

/// <summary>The blocks of a template, by name.</summary>
internal sealed class BlockTable
{
    public static readonly BlockTable Empty = new();

    private readonly Dictionary<string, BlockStatement> _blocks = new(StringComparer.Ordinal);

    public BlockTable()
    {
    }

    public BlockTable(IEnumerable<BlockStatement> blocks, TemplateSource source)
    {
        foreach (var block in blocks.OrderBy(block => block.At))
        {
            if (!_blocks.TryAdd(block.Name, block)) throw source.Error($"block {Printing.Repr(block.Name)} defined twice", block.At, ChatTemplateErrorKind.TemplateAssertionError);
        }
    }

    public BlockStatement? Find(string name) => _blocks.GetValueOrDefault(name);
}

/// <summary>The <c>self</c> of a template, whose items are its blocks.</summary>
internal sealed class SelfValue(RenderState state) : TemplateObject
{
    public override string TypeName => "TemplateReference";

    public override string QualifiedTypeName => "jinja2.runtime.TemplateReference";

    public override void WriteRepr(PrintBuffer output) => output.Append("<TemplateReference None>");

    public override bool TryGetAttribute(string name, out object? block)
    {
        block = state.Blocks.Find(name) is { } found ? new BlockReference(found) : null;
        return block is not null;
    }

    private sealed class BlockReference(BlockStatement block) : TemplateObject
    {
        public override string TypeName => "BlockReference";

        public override string QualifiedTypeName => "jinja2.runtime.BlockReference";

        public override bool IsCallable => true;

        public override object? Call(RenderState state, in Arguments arguments)
        {
            var buffer = new OutputBuffer(state.Budget.Limits.MaxOutputCharacters);
            block.Render(state, buffer);
            return buffer.ToString();
        }

        public override bool TryGetAttribute(string name, out object? value)
        {
            value = name switch { "name" => block.Name, "super" => UndefinedValue.Because($"there is no parent block called {Printing.Repr(block.Name)}."), _ => null };
            return value is not null;
        }
    }
}
