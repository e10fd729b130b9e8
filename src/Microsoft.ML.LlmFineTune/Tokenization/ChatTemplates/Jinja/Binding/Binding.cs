namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Where names are bound: a scope, and what is known about it.</summary>
internal sealed record Binding(TemplateSource Source, Scope Scope)
{
    /// <summary>Whether this is the template's own scope, whose variables blocks see.</summary>
    public bool IsTop { get; init; }

    /// <summary>Whether filters and tests that don't exist are an error only where they are called: inside <c>if</c>.</summary>
    public bool IsConditional { get; init; }

    /// <summary>Whether a loop of the same function is around.</summary>
    public bool IsInLoop { get; init; }

    /// <summary>A scope inside this one. Its function is the same, unless another is given.</summary>
    public Binding Inner(FunctionScope? function = null) => new(Source, new Scope(Scope, function ?? Scope.Function)) { IsInLoop = IsInLoop && function is null };

    public FunctionScope NewFunction() => new(Scope.Function);

    public Variable Of(string name) => new(Scope.Find(name) ?? throw new InvalidOperationException($"The name '{name}' was not declared before it was bound."), Scope.Function);

    public ChatTemplateException Error(string reason, TemplateNode node, ChatTemplateErrorKind kind = ChatTemplateErrorKind.TemplateAssertionError) => Source.Error(reason, node.At, kind);
}

/// <summary>Finds which of some names are read before they are set.</summary>
internal static class Undeclared
{
    public static HashSet<string> In(IEnumerable<TemplateNode> nodes, params string[] names)
    {
        var sought = new HashSet<string>(names, StringComparer.Ordinal);
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in nodes) Visit(node, sought, found);
        return found;
    }

    private static void Visit(TemplateNode node, HashSet<string> sought, HashSet<string> found)
    {
        switch (node)
        {
            case NameExpression { IsTarget: false } name:
                if (sought.Contains(name.Identifier)) found.Add(name.Identifier);
                break;
            case NameExpression name:
                sought.Remove(name.Identifier);
                break;
            case BlockStatement:
                break;
            default:
                foreach (var child in node.Children) Visit(child, sought, found);
                break;
        }
    }
}
