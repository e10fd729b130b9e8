namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A value that is not there. It prints as nothing, is false, iterates as empty and has the length 0; anything else is an error that says what is missing.</summary>
internal sealed class UndefinedValue : TemplateObject
{
    // The owner is a value, which can be null (None): this one says that there is none.
    private static readonly object NoOwner = new();

    private readonly string? _hint;
    private readonly object? _owner;
    private readonly object? _name;
    private readonly ChatTemplateErrorKind _kind;

    private UndefinedValue(string? hint, object? owner, object? name, ChatTemplateErrorKind kind) => (_hint, _owner, _name, _kind) = (hint, owner, name, kind);

    public override string TypeName => "Undefined";

    public override string QualifiedTypeName => "jinja2.runtime.Undefined";

    public override int? Length => 0;

    /// <summary>A variable that nobody set.</summary>
    public static UndefinedValue Variable(string name) => new(null, NoOwner, name, ChatTemplateErrorKind.UndefinedError);

    /// <summary>An attribute or item that a value doesn't have.</summary>
    public static UndefinedValue Member(object? owner, object? name) => new(null, owner, name, ChatTemplateErrorKind.UndefinedError);

    /// <summary>A parameter of a macro that was not given.</summary>
    public static UndefinedValue Parameter(string name) => new($"parameter {Printing.Repr(name)} was not provided", NoOwner, name, ChatTemplateErrorKind.UndefinedError);

    /// <summary>Something else, said in words.</summary>
    public static UndefinedValue Because(string hint) => new(hint, NoOwner, null, ChatTemplateErrorKind.UndefinedError);

    /// <summary>An attribute that the sandbox keeps back.</summary>
    public static UndefinedValue Unsafe(object? owner, string name) =>
        new($"access to attribute {Printing.Repr(name)} of {Printing.Repr(Values.TypeName(owner))} object is unsafe.", owner, name, ChatTemplateErrorKind.SecurityError);

    public ChatTemplateException Error() => new(_kind, Reason());

    public override IEnumerator<object?> Iterate() => Enumerable.Empty<object?>().GetEnumerator();

    public override object? Call(RenderState state, in Arguments arguments) => throw Error();

    public override bool TryGetAttribute(string name, out object? value)
    {
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal)) return base.TryGetAttribute(name, out value);
        throw Error();
    }

    public override void WriteRepr(PrintBuffer output) => output.Append("Undefined");

    public override void WriteText(PrintBuffer output)
    {
    }

    private string Reason()
    {
        if (_hint is not null) return _hint;
        if (ReferenceEquals(_owner, NoOwner)) return $"{Printing.Repr(_name)} is undefined";
        var owner = _owner is null ? "None" : $"{Values.QualifiedTypeName(_owner)} object";
        return Values.IsText(_name) ? $"{Printing.Repr(owner)} has no attribute {Printing.Repr(_name)}" : $"{owner} has no element {Printing.Repr(_name)}";
    }
}
