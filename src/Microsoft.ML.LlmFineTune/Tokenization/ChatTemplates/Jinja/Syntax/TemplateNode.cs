namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A part of a template. It is read, its names are bound to variables, and then it is evaluated as often as wanted, by several threads at once.
/// </summary>
internal abstract class TemplateNode
{
    public int Line { get; init; }

    /// <summary>Where it starts in the template; for errors of binding.</summary>
    public int At { get; init; }

    public abstract IEnumerable<TemplateNode> Children { get; }

    /// <summary>Notes the names that it reads and sets in a scope; what is inside scopes of its own is left out.</summary>
    public virtual void Declare(Scope scope)
    {
        foreach (var child in Children) child.Declare(scope);
    }

    /// <summary>Binds its names to the variables of a scope.</summary>
    public virtual void Bind(Binding binding)
    {
        foreach (var child in Children) child.Bind(binding);
    }

    /// <summary>It and all nodes in it.</summary>
    public IEnumerable<TemplateNode> All()
    {
        var open = new Stack<TemplateNode>([this]);
        while (open.TryPop(out var node))
        {
            yield return node;
            foreach (var child in node.Children) open.Push(child);
        }
    }
}

/// <summary>Something with a value.</summary>
internal abstract class Expression : TemplateNode
{
    /// <summary>How many expressions stand inside each other here, this one included: evaluating goes as deep.</summary>
    public int Depth { get; set; } = 1;

    public abstract object? Evaluate(Frame frame);
}

/// <summary>Something that is done.</summary>
internal abstract class Statement : TemplateNode
{
    public abstract Flow Execute(Frame frame, OutputBuffer output);
}

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}
