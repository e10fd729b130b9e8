using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reads the statements of a template.</summary>
internal sealed partial class Parser
{
    private const int DeepestNesting = 200;

    private readonly TemplateSource _source;
    private readonly IEnumerator<Token> _tokens;
    private readonly Stack<string> _openTags = new();
    private readonly Stack<string[]> _endTags = new();
    private Token _current;
    private Token? _ahead;
    private int _depth;

    private Parser(TemplateSource source)
    {
        _source = source;
        _tokens = new Lexer(source).Tokens().GetEnumerator();
        _current = Pull();
    }

    public static Body Parse(TemplateSource source) => new Parser(source).Statements(null);

    private Token Pull() => _tokens.MoveNext() ? _tokens.Current : new Token(TokenKind.End, "", null, _source.Text.Length);

    private Token Advance()
    {
        var token = _current;
        _current = _ahead ?? Pull();
        _ahead = null;
        return token;
    }

    private Token Ahead() => _ahead ??= Pull();

    private bool SkipIfName(string name)
    {
        if (!_current.IsName(name)) return false;
        Advance();
        return true;
    }

    private bool SkipIf(string sign)
    {
        if (!_current.Is(sign)) return false;
        Advance();
        return true;
    }

    private Token Expect(TokenKind kind) => _current.Kind == kind ? Advance() : throw Unexpected(Token.Describe(kind));

    private Token ExpectName(string name) => _current.IsName(name) ? Advance() : throw Unexpected(name);

    private Token Expect(string sign) => _current.Is(sign) ? Advance() : throw Unexpected(sign);

    private ChatTemplateException Unexpected(string expected) => Fail(_current.Kind == TokenKind.End
        ? $"unexpected end of template, expected {Printing.Repr(expected)}."
        : $"expected token {Printing.Repr(expected)}, got {Printing.Repr(_current.Description)}");

    private ChatTemplateException Fail(string reason, Token? at = null, ChatTemplateErrorKind kind = ChatTemplateErrorKind.TemplateSyntaxError) => _source.Error(reason, (at ?? _current).At, kind);

    /// <summary>One level deeper in the source.</summary>
    private void Enter()
    {
        if (++_depth > DeepestNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep();
    }

    private void Leave() => _depth--;

    private ChatTemplateException TooDeep() => Fail($"the template is nested more than {DeepestNesting} deep here", null, ChatTemplateErrorKind.LimitExceeded);

    private int LineOf(Token token) => _source.LineOf(token.At);

    private Body Statements(string[]? endTags)
    {
        Enter();
        if (endTags is not null) _endTags.Push(endTags);
        var statements = new List<Statement>();
        var printed = new List<Expression>();
        while (_current.Kind != TokenKind.End)
        {
            switch (_current.Kind)
            {
                case TokenKind.Data:
                    var data = Advance();
                    printed.Add(new ConstantExpression(data.Text) { Line = LineOf(data), At = data.At });
                    break;
                case TokenKind.PrintBegin:
                    Advance();
                    printed.Add(Tuple());
                    Expect(TokenKind.PrintEnd);
                    break;
                default:
                    Flush();
                    Advance();
                    if (endTags is not null && _current.Kind == TokenKind.Name && endTags.Contains(_current.Text))
                    {
                        _endTags.Pop();
                        Leave();
                        return new Body([.. statements]);
                    }
                    statements.Add(Statement());
                    Expect(TokenKind.BlockEnd);
                    break;
            }
        }
        if (endTags is not null) throw UnknownTag(null);
        Flush();
        Leave();
        return new Body([.. statements]);

        void Flush()
        {
            if (printed.Count > 0) statements.Add(new OutputStatement([.. printed]) { Line = printed[0].Line, At = printed[0].At });
            printed.Clear();
        }
    }

    /// <summary>The statements of a body, up to one of the tags that end it, which is the current token then.</summary>
    private Body BodyUntil(params string[] endTags)
    {
        SkipIf(":");
        Expect(TokenKind.BlockEnd);
        return Statements(endTags);
    }

    /// <summary>The same, with the tag left behind.</summary>
    private Body BodyThrough(string endTag)
    {
        var body = BodyUntil(endTag);
        Advance();
        return body;
    }

    private Statement Statement()
    {
        if (_current.Kind != TokenKind.Name) throw Fail("tag name expected");
        var tag = _current.Text;
        _openTags.Push(tag);
        var statement = tag switch
        {
            "for" => For(),
            "if" => If(),
            "set" => Set(),
            "with" => With(),
            "macro" => Macro(),
            "call" => CallBlock(),
            "filter" => FilterBlock(),
            "block" => Block(),
            "print" => Print(),
            "generation" => Generation(),
            "break" => new JumpStatement(Flow.Break) { Line = LineOf(_current), At = Advance().At },
            "continue" => new JumpStatement(Flow.Continue) { Line = LineOf(_current), At = Advance().At },
            "autoescape" => AutoEscape(),
            "include" or "extends" or "import" or "from" => Other(tag),
            _ => (Statement?)null,
        };
        _openTags.Pop();
        return statement ?? throw UnknownTag(tag);
    }

    /// <summary>A tag that is not known, or the end of the template (null) where an end tag was wanted.</summary>
    private ChatTemplateException UnknownTag(string? tag)
    {
        var message = tag is null ? "Unexpected end of template." : $"Encountered unknown tag {Printing.Repr(tag)}.";
        if (_endTags.TryPeek(out var wanted))
        {
            var list = string.Join(" or ", wanted.Select(name => Printing.Repr(name)));
            message += tag is not null && _endTags.Any(tags => tags.Contains(tag))
                ? $" You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for {list}."
                : $" Jinja was looking for the following tags: {list}.";
        }
        if (_openTags.TryPeek(out var open)) message += $" The innermost block that needs to be closed is {Printing.Repr(open)}.";
        return Fail(message);
    }

    private ForStatement For()
    {
        var start = Advance();
        var target = AssignmentTarget(NameUse.Set);
        ExpectName("in");
        var items = Tuple(withCondition: false);
        var test = SkipIfName("if") ? Expression() : null;
        var recursive = SkipIfName("recursive");
        var body = BodyUntil("endfor", "else");
        var otherwise = Advance().Text == "endfor" ? new Body([]) : BodyThrough("endfor");
        return new ForStatement(target, items, test, recursive, body, otherwise) { Line = LineOf(start), At = start.At };
    }

    private IfStatement If()
    {
        var start = Advance();
        var branches = new List<(Expression, Body)>();
        while (true)
        {
            var test = Tuple(withCondition: false);
            branches.Add((test, BodyUntil("elif", "else", "endif")));
            var next = Advance().Text;
            if (next == "elif") continue;
            var otherwise = next == "else" ? BodyThrough("endif") : new Body([]);
            return new IfStatement([.. branches], otherwise) { Line = LineOf(start), At = start.At };
        }
    }

    private Statement Set()
    {
        var start = Advance();
        var target = AssignmentTarget(NameUse.Set, withNamespace: true);
        if (SkipIf("=")) return new AssignmentStatement(target, Tuple()) { Line = LineOf(start), At = start.At };
        var filter = (FilterExpression?)Filtered(null);
        return new BlockAssignmentStatement(target, filter, BodyThrough("endset")) { Line = LineOf(start), At = start.At };
    }

    private WithStatement With()
    {
        var start = Advance();
        var (targets, values) = (new List<Expression>(), new List<Expression>());
        while (_current.Kind != TokenKind.BlockEnd)
        {
            if (targets.Count > 0) Expect(",");
            targets.Add(AssignmentTarget(NameUse.Parameter));
            Expect("=");
            values.Add(Expression());
        }
        return new WithStatement([.. targets], [.. values], BodyThrough("endwith")) { Line = LineOf(start), At = start.At };
    }

    private MacroStatement Macro()
    {
        var start = Advance();
        var name = TargetName(NameUse.Set).Identifier;
        var (parameters, defaults) = Parameters();
        return new MacroStatement(name, new MacroDefinition(parameters, defaults, BodyThrough("endmacro"))) { Line = LineOf(start), At = start.At };
    }

    private CallStatement CallBlock()
    {
        var start = Advance();
        var (parameters, defaults) = _current.Is("(") ? Parameters() : ([], []);
        if (Expression() is not CallExpression call) throw Fail("expected call", start);
        return new CallStatement(new MacroDefinition(parameters, defaults, BodyThrough("endcall")), call) { Line = LineOf(start), At = start.At };
    }

    private (NameExpression[] Parameters, Expression[] Defaults) Parameters()
    {
        var (parameters, defaults) = (new List<NameExpression>(), new List<Expression>());
        Expect("(");
        while (!_current.Is(")"))
        {
            if (parameters.Count > 0) Expect(",");
            var parameter = TargetName(NameUse.Parameter);
            if (SkipIf("=")) defaults.Add(Expression());
            else if (defaults.Count > 0) throw Fail("non-default argument follows default argument");
            parameters.Add(parameter);
        }
        Expect(")");
        return ([.. parameters], [.. defaults]);
    }

    private FilterStatement FilterBlock()
    {
        var start = Advance();
        var filter = (FilterExpression)Filtered(null, startsInline: true)!;
        return new FilterStatement(filter, BodyThrough("endfilter")) { Line = LineOf(start), At = start.At };
    }

    private GenerationStatement Generation()
    {
        var start = Advance();
        return new GenerationStatement(new MacroDefinition([], [], BodyThrough("endgeneration"))) { Line = LineOf(start), At = start.At };
    }

    private BlockStatement Block()
    {
        var start = Advance();
        var name = Expect(TokenKind.Name).Text;
        var (scoped, required) = (SkipIfName("scoped"), SkipIfName("required"));
        if (_current.Is("-")) throw Fail("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.");
        var body = BodyThrough("endblock");
        if (required && !body.Statements.All(statement => statement is OutputStatement output && output.Parts.All(part => part is ConstantExpression { Value: string text } && text.All(c => Characters.IsSpace(c)))))
            throw Fail("Required blocks can only contain comments or whitespace");
        SkipIfName(name);
        return new BlockStatement(name, scoped, required, body) { Line = LineOf(start), At = start.At };
    }

    private OutputStatement Print()
    {
        var start = Advance();
        var printed = new List<Expression>();
        while (_current.Kind != TokenKind.BlockEnd)
        {
            if (printed.Count > 0) Expect(",");
            printed.Add(Expression());
        }
        return new OutputStatement([.. printed]) { Line = LineOf(start), At = start.At };
    }

    private ScopeStatement AutoEscape()
    {
        var start = Advance();
        if (Expression() is not ConstantExpression { Value: false }) throw Fail("'autoescape' is not supported: chat templates are text, not HTML; use the filter 'escape' where a value is to be escaped", start);
        return new ScopeStatement(BodyThrough("endautoescape")) { Line = LineOf(start), At = start.At };
    }

    /// <summary>The tags that need another template. They are read, and refused when they are reached, as the reference does.</summary>
    private TemplateReferenceStatement Other(string tag)
    {
        var start = Advance();
        var template = Expression();
        var names = new List<NameExpression>();
        switch (tag)
        {
            case "include":
                if (_current.IsName("ignore") && Ahead().IsName("missing"))
                {
                    Advance();
                    Advance();
                }
                WithContext();
                break;
            case "import":
                ExpectName("as");
                names.Add(TargetName(NameUse.Set));
                WithContext();
                break;
            case "from":
                ExpectName("import");
                do
                {
                    if (names.Count > 0) Expect(",");
                    if (_current.Kind != TokenKind.Name) throw Unexpected("name");
                    if (WithContext()) break;
                    var name = TargetName(NameUse.Set);
                    if (name.Identifier.StartsWith('_')) throw Fail("names starting with an underline can not be imported", null, ChatTemplateErrorKind.TemplateAssertionError);
                    names.Add(SkipIfName("as") ? TargetName(NameUse.Set) : name);
                }
                while (!WithContext() && _current.Is(","));
                break;
        }
        return new TemplateReferenceStatement(template, [.. names]) { Line = LineOf(start), At = start.At };
    }

    private bool WithContext()
    {
        if (!(_current.IsName("with") || _current.IsName("without")) || !Ahead().IsName("context")) return false;
        Advance();
        Advance();
        return true;
    }
}
