namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a method does.</summary>
internal delegate object? MethodBody(RenderState state, object? self, Arguments arguments);

/// <summary>A method together with the value it was taken from.</summary>
internal sealed class BoundMethod(object? self, string name, MethodBody body) : TemplateObject
{
    public override string TypeName => "builtin_function_or_method";

    public override bool IsCallable => true;

    public override object? Call(RenderState state, in Arguments arguments) => body(state, self, arguments);

    public override bool TryGetAttribute(string attribute, out object? value)
    {
        value = name;
        return attribute == "__name__";
    }

    public override void WriteRepr(PrintBuffer output) => output.Append($"<built-in method {name} of {Values.TypeName(self)} object at 0x7f0000000000>");
}

/// <summary>A global function, filter or test.</summary>
/// <param name="signature">Its parameters.</param>
/// <param name="body">What it does with their values; <see cref="Signature.Absent"/> stands for one that was not given.</param>
/// <param name="type">Name of the type that it is in Python; null where it is a function.</param>
internal sealed class BuiltinFunction(Signature signature, Func<RenderState, object?[], object?> body, string? type = null) : TemplateObject
{
    public override string TypeName => type is null ? "function" : "type";

    public override bool IsCallable => true;

    public override object? Call(RenderState state, in Arguments arguments) => body(state, signature.Bind(arguments));

    /// <summary>Calls it with one argument, as a filter or test without arguments is called.</summary>
    public object? CallOne(RenderState state, object? value) => body(state, signature.Bind(value));

    public override bool TryGetAttribute(string name, out object? value)
    {
        value = type == "dict" && name == "fromkeys" ? new BoundMethod(null, "fromkeys", DictMethods.FromKeys) : null;
        return value is not null;
    }

    public override void WriteRepr(PrintBuffer output) => output.Append(type is null ? $"<function {signature.Function} at 0x7f0000000000>" : $"<class '{type}'>");
}
