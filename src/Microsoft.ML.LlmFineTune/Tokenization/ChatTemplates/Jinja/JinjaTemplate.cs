namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A template that was read and bound, and can be rendered as often as wanted, by several threads at once.</summary>
internal sealed class JinjaTemplate
{
    private readonly Body _body;
    private readonly ScopeEntry _entry;
    private readonly Variable? _self;
    private readonly BlockTable _blocks;

    private JinjaTemplate(string text)
    {
        var source = new TemplateSource(text);
        _body = Parser.Parse(source);
        var top = new Binding(source, new Scope(null, new FunctionScope(null))) { IsTop = true };
        _blocks = new BlockTable(_body.Statements.SelectMany(statement => statement.All()).OfType<BlockStatement>(), source);
        if (Undeclared.In(_body.Statements, "self").Count > 0)
        {
            top.Scope.DeclareParameter("self");
            _self = top.Of("self");
        }
        HasGenerationBlocks = _body.Statements.SelectMany(statement => statement.All()).OfType<GenerationStatement>().Any();
        foreach (var statement in _body.Statements) statement.Declare(top.Scope);
        _body.Bind(top);
        _entry = top.Scope.Entry();
    }

    public bool HasGenerationBlocks { get; }

    /// <exception cref="ChatTemplateException">The text is not a template.</exception>
    public static JinjaTemplate Parse(string text) => new(text);

    /// <summary>Renders with variables that are values of templates.</summary>
    public RenderedChat Render(IReadOnlyDictionary<string, object?> variables, TimeProvider clock, RenderBudget budget)
    {
        var state = new RenderState(variables, clock, budget) { Blocks = _blocks };
        using var lease = budget.Use();
        try
        {
            var frame = new Frame(state, null, _entry.Function.Size);
            _self?.Write(frame, new SelfValue(state));
            _entry.Enter(frame);
            _body.Execute(frame, state.Root);
        }
        catch (ChatTemplateException e)
        {
            e.At(state.Line);
            throw;
        }
        return new RenderedChat(state.Root.ToString(), state.Spans);
    }
}
