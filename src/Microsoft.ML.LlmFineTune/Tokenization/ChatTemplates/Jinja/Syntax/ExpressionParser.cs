namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reads the expressions of a template. From loose to tight: if, or, and, not, comparisons, + -, ~, * / // %, **, signs, filters and tests.</summary>
internal sealed partial class Parser
{
    private static readonly Dictionary<string, Func<object?, object?, bool>> ComparisonSigns = new(StringComparer.Ordinal)
    {
        ["=="] = Comparison.Equal,
        ["!="] = (left, right) => !Comparison.Equal(left, right),
        ["<"] = Comparison.Less,
        ["<="] = Comparison.LessOrEqual,
        [">"] = Comparison.Greater,
        [">="] = Comparison.GreaterOrEqual,
    };

    /// <summary>An expression, with its place and its depth.</summary>
    private T Made<T>(T expression, params ReadOnlySpan<Expression?> parts) where T : Expression
    {
        foreach (var part in parts) expression.Depth = Math.Max(expression.Depth, 1 + (part?.Depth ?? 0));
        return expression.Depth > DeepestNesting ? throw TooDeep() : expression;
    }

    private Expression Expression(bool withCondition = true)
    {
        Enter();
        var expression = withCondition ? Condition() : Or();
        Leave();
        return expression;
    }

    private Expression Condition()
    {
        var start = _current;
        var value = Or();
        while (SkipIfName("if"))
        {
            var test = Or();
            var other = SkipIfName("else") ? Expression() : null;
            value = Made(new ConditionalExpression(test, value, other) { Line = LineOf(start), At = start.At }, test, value, other);
            start = _current;
        }
        return value;
    }

    private Expression Or()
    {
        var start = _current;
        var left = And();
        while (SkipIfName("or"))
        {
            var right = And();
            left = Made(new OrExpression(left, right) { Line = LineOf(start), At = start.At }, left, right);
        }
        return left;
    }

    private Expression And()
    {
        var start = _current;
        var left = Not();
        while (SkipIfName("and"))
        {
            var right = Not();
            left = Made(new AndExpression(left, right) { Line = LineOf(start), At = start.At }, left, right);
        }
        return left;
    }

    private Expression Not()
    {
        if (!_current.IsName("not")) return Compare();
        var start = Advance();
        Enter();
        var operand = Not();
        Leave();
        return Made(new NotExpression(operand) { Line = LineOf(start), At = start.At }, operand);
    }

    private Expression Compare()
    {
        var start = _current;
        var first = Sum();
        var rest = new List<(Func<object?, object?, bool>, Expression)>();
        while (true)
        {
            if (_current.Kind == TokenKind.Operator && ComparisonSigns.TryGetValue(_current.Text, out var test))
            {
                Advance();
                rest.Add((test, Sum()));
            }
            else if (SkipIfName("in"))
            {
                rest.Add((static (item, container) => Comparison.Contains(container, item), Sum()));
            }
            else if (_current.IsName("not") && Ahead().IsName("in"))
            {
                Advance();
                Advance();
                rest.Add((static (item, container) => !Comparison.Contains(container, item), Sum()));
            }
            else
            {
                break;
            }
        }
        return rest.Count == 0 ? first : Made(new ComparisonExpression(first, [.. rest]) { Line = LineOf(start), At = start.At }, [first, .. rest.Select(pair => pair.Item2)]);
    }

    private Expression Sum() => Chain(Concatenation, sign => sign switch { "+" => Operators.Add, "-" => Operators.Subtract, _ => null });

    private Expression Concatenation()
    {
        var start = _current;
        var parts = new List<Expression> { Product() };
        while (SkipIf("~")) parts.Add(Product());
        return parts.Count == 1 ? parts[0] : Made(new ConcatenationExpression([.. parts]) { Line = LineOf(start), At = start.At }, [.. parts]);
    }

    private Expression Product() => Chain(Power, sign => sign switch { "*" => Operators.Multiply, "/" => Operators.Divide, "//" => Operators.FloorDivide, "%" => Operators.Modulo, _ => null });

    private Expression Power() => Chain(() => Signed(withFilter: true), sign => sign == "**" ? Operators.Power : null);

    private Expression Chain(Func<Expression> operand, Func<string, Func<object?, object?, object?>?> operatorOf)
    {
        var start = _current;
        var left = operand();
        while (_current.Kind == TokenKind.Operator && operatorOf(_current.Text) is { } operation)
        {
            Advance();
            var right = operand();
            left = Made(new BinaryExpression(left, right, operation) { Line = LineOf(start), At = start.At }, left, right);
        }
        return left;
    }

    private Expression Signed(bool withFilter)
    {
        var start = _current;
        Expression value;
        if (_current.Is("-") || _current.Is("+"))
        {
            Func<object?, object?> operation = Advance().Text == "-" ? PythonNumbers.Negate : PythonNumbers.Plus;
            Enter();
            var operand = Signed(withFilter: false);
            Leave();
            value = Made(new UnaryExpression(operand, operation) { Line = LineOf(start), At = start.At }, operand);
        }
        else
        {
            value = Primary();
        }
        value = Postfix(value);
        return withFilter ? FiltersAndTests(value) : value;
    }

    private Expression Primary(bool withNamespace = false)
    {
        var token = _current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Advance();
                if (token.Text is "true" or "True" or "false" or "False") return new ConstantExpression(Values.Box(token.Text[0] is 't' or 'T')) { Line = LineOf(token), At = token.At };
                if (token.Text is "none" or "None") return new ConstantExpression(null) { Line = LineOf(token), At = token.At };
                if (!withNamespace || !SkipIf(".")) return new NameExpression(token.Text, NameUse.Read) { Line = LineOf(token), At = token.At };
                return new NamespaceTarget(token.Text, Expect(TokenKind.Name).Text) { Line = LineOf(token), At = token.At };
            case TokenKind.Text:
                var text = (string)Advance().Value!;
                if (_current.Kind == TokenKind.Text)
                {
                    var joined = new System.Text.StringBuilder(text);
                    while (_current.Kind == TokenKind.Text) joined.Append((string)Advance().Value!);
                    text = joined.ToString();
                }
                return new ConstantExpression(text) { Line = LineOf(token), At = token.At };
            case TokenKind.Integer or TokenKind.Real:
                Advance();
                return new ConstantExpression(token.Value) { Line = LineOf(token), At = token.At };
            case TokenKind.Operator when token.Text == "(":
                Advance();
                var tuple = Tuple(inParentheses: true);
                Expect(")");
                return tuple;
            case TokenKind.Operator when token.Text == "[":
                return List();
            case TokenKind.Operator when token.Text == "{":
                return Dict();
            default:
                throw Fail($"unexpected {Printing.Repr(token.Description)}");
        }
    }

    /// <summary>An expression, or several with commas, which are a tuple then.</summary>
    private Expression Tuple(bool withCondition = true, bool inParentheses = false)
    {
        var start = _current;
        return TupleOf(() => Expression(withCondition)) is var (items, isTuple) && !isTuple && items.Count > 0 ? items[0]
            : isTuple || inParentheses ? Made(new TupleExpression([.. items]) { Line = LineOf(start), At = start.At }, [.. items])
            : throw Fail($"Expected an expression, got {Printing.Repr(_current.Description)}");
    }

    private (List<Expression> Items, bool IsTuple) TupleOf(Func<Expression> item)
    {
        var items = new List<Expression>();
        var isTuple = false;
        while (true)
        {
            if (items.Count > 0) Expect(",");
            if (_current.Kind is TokenKind.PrintEnd or TokenKind.BlockEnd || _current.Is(")")) break;
            items.Add(item());
            if (!_current.Is(",")) break;
            isTuple = true;
        }
        return (items, isTuple);
    }

    private Expression AssignmentTarget(NameUse use, bool withNamespace = false)
    {
        var start = _current;
        var (items, isTuple) = TupleOf(() => Primary(withNamespace));
        if (!isTuple && items.Count == 0) throw Fail($"Expected an expression, got {Printing.Repr(_current.Description)}");
        var target = isTuple ? Made(new TupleExpression([.. items]) { Line = LineOf(start), At = start.At }, [.. items]) : items[0];
        if (!CanAssign(target)) throw Fail($"can't assign to {Printing.Repr(KindOf(target))}", start);
        foreach (var name in target.All().OfType<NameExpression>()) name.MakeTarget(use);
        return target;
    }

    private static bool CanAssign(Expression target) => target is TupleExpression tuple ? tuple.Items.All(CanAssign) : target is ITarget;

    private static string KindOf(Expression target) => target switch { ConstantExpression => "const", ListExpression => "list", DictExpression => "dict", TupleExpression => "tuple", _ => "expression" };

    private NameExpression TargetName(NameUse use)
    {
        var token = Expect(TokenKind.Name);
        if (token.Text is "true" or "false" or "none" or "True" or "False" or "None") throw Fail("can't assign to 'name'", token);
        return new NameExpression(token.Text, use) { Line = LineOf(token), At = token.At };
    }

    private ListExpression List()
    {
        var start = Advance();
        var items = new List<Expression>();
        while (!_current.Is("]"))
        {
            if (items.Count > 0) Expect(",");
            if (_current.Is("]")) break;
            items.Add(Expression());
        }
        Expect("]");
        return Made(new ListExpression([.. items]) { Line = LineOf(start), At = start.At }, [.. items]);
    }

    private DictExpression Dict()
    {
        var start = Advance();
        var pairs = new List<KeyValuePair<Expression, Expression>>();
        while (!_current.Is("}"))
        {
            if (pairs.Count > 0) Expect(",");
            if (_current.Is("}")) break;
            var key = Expression();
            Expect(":");
            pairs.Add(new(key, Expression()));
        }
        Expect("}");
        return Made(new DictExpression([.. pairs]) { Line = LineOf(start), At = start.At }, [.. pairs.Select(pair => pair.Key), .. pairs.Select(pair => pair.Value)]);
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            if (_current.Is(".") || _current.Is("[")) value = Subscript(value);
            else if (_current.Is("(")) value = Called(value);
            else return value;
        }
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            if (_current.Is("|")) value = Filtered(value)!;
            else if (_current.IsName("is")) value = Tested(value);
            else if (_current.Is("(")) value = Called(value);
            else return value;
        }
    }

    private Expression Subscript(Expression value)
    {
        var start = Advance();
        if (start.Text == ".")
        {
            var member = Advance();
            if (member.Kind == TokenKind.Name) return Made(new AttributeExpression(value, member.Text) { Line = LineOf(start), At = start.At }, value);
            if (member.Kind != TokenKind.Integer) throw Fail("expected name or number", member);
            return Made(new ItemExpression(value, new ConstantExpression(member.Value)) { Line = LineOf(start), At = start.At }, value);
        }
        var keys = new List<Expression>();
        while (!_current.Is("]"))
        {
            if (keys.Count > 0) Expect(",");
            keys.Add(Subscribed());
        }
        Expect("]");
        if (keys.Count > 1 && keys.Exists(part => part is SliceExpression)) throw Fail("invalid syntax: a slice cannot stand beside other keys", start, ChatTemplateErrorKind.SyntaxError);
        var key = keys.Count == 1 ? keys[0] : Made(new TupleExpression([.. keys]), [.. keys]);
        return Made(new ItemExpression(value, key) { Line = LineOf(start), At = start.At }, value, key);
    }

    private Expression Subscribed()
    {
        var token = _current;
        Expression? start = null;
        if (!_current.Is(":"))
        {
            start = Expression();
            if (!_current.Is(":")) return start;
        }
        Advance();
        var stop = _current.Is(":") || _current.Is("]") || _current.Is(",") ? null : Expression();
        var step = SkipIf(":") && !_current.Is("]") && !_current.Is(",") ? Expression() : null;
        return Made(new SliceExpression(start, stop, step) { Line = LineOf(token), At = token.At }, start, stop, step);
    }

    private CallExpression Called(Expression callee)
    {
        var start = _current;
        var arguments = Arguments();
        return Made(new CallExpression(callee, arguments) { Line = LineOf(start), At = start.At }, [callee, .. arguments.Expressions]);
    }

    private ArgumentList Arguments()
    {
        var start = Expect("(");
        var (positional, named) = (new List<Expression>(), new List<KeyValuePair<string, Expression>>());
        Expression? morePositional = null, moreNamed = null;
        var needsComma = false;
        while (!_current.Is(")"))
        {
            if (needsComma)
            {
                Expect(",");
                if (_current.Is(")")) break;
            }
            if (_current.Is("*"))
            {
                Demand(morePositional is null && moreNamed is null);
                Advance();
                morePositional = Expression();
            }
            else if (_current.Is("**"))
            {
                Demand(moreNamed is null);
                Advance();
                moreNamed = Expression();
            }
            else if (_current.Kind == TokenKind.Name && Ahead().Is("="))
            {
                Demand(moreNamed is null);
                var name = Advance().Text;
                Advance();
                if (named.Exists(pair => pair.Key == name)) throw Fail($"keyword argument repeated: {name}", start, ChatTemplateErrorKind.SyntaxError);
                named.Add(new(name, Expression()));
            }
            else
            {
                Demand(morePositional is null && moreNamed is null && named.Count == 0);
                positional.Add(Expression());
            }
            needsComma = true;
        }
        Expect(")");
        return new ArgumentList([.. positional], [.. named], morePositional, moreNamed);

        void Demand(bool holds)
        {
            if (!holds) throw Fail("invalid syntax for function call expression", start);
        }
    }

    private Expression? Filtered(Expression? value, bool startsInline = false)
    {
        while (_current.Is("|") || startsInline)
        {
            if (!startsInline) Advance();
            startsInline = false;
            var start = _current;
            var name = DottedName();
            var arguments = _current.Is("(") ? Arguments() : ArgumentList.Empty;
            value = Made(new FilterExpression(value, name, arguments) { Line = LineOf(start), At = start.At }, [value, .. arguments.Expressions]);
        }
        return value;
    }

    private Expression Tested(Expression value)
    {
        var start = Advance();
        var negated = SkipIfName("not");
        var name = DottedName();
        var arguments = ArgumentList.Empty;
        if (_current.Is("("))
        {
            arguments = Arguments();
        }
        else if ((_current.Kind is TokenKind.Name or TokenKind.Text or TokenKind.Integer or TokenKind.Real || _current.Is("[") || _current.Is("{")) && !(_current.IsName("else") || _current.IsName("or") || _current.IsName("and")))
        {
            if (_current.IsName("is")) throw Fail("You cannot chain multiple tests with is");
            arguments = new ArgumentList([Postfix(Primary())], [], null, null);
        }
        Expression test = Made(new TestExpression(value, name, arguments) { Line = LineOf(start), At = start.At }, [value, .. arguments.Expressions]);
        return negated ? Made(new NotExpression(test) { Line = LineOf(start), At = start.At }, test) : test;
    }

    private string DottedName()
    {
        var name = Expect(TokenKind.Name).Text;
        while (SkipIf(".")) name += "." + Expect(TokenKind.Name).Text;
        return name;
    }
}
