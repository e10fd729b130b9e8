namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The one value that a template can change: it carries values out of loops.</summary>
internal sealed class NamespaceValue : TemplateObject
{
    private readonly DictValue _attributes = new();

    public override string TypeName => "Namespace";

    public override string QualifiedTypeName => "jinja2.utils.Namespace";

    public void Set(string name, object? value)
    {
        if (name.StartsWith('_')) throw new ChatTemplateException(ChatTemplateErrorKind.SecurityError, $"Chat templates cannot store underscore-prefixed attributes on a namespace, but got {Printing.Repr(name)}. Please rename the attribute.");
        _attributes[name] = value;
    }

    public override bool TryGetAttribute(string name, out object? value) => _attributes.TryGetValue(name, out value);

    public override void WriteRepr(PrintBuffer output)
    {
        output.Append("<Namespace ");
        _attributes.WriteRepr(output);
        output.Append('>');
    }
}
