namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A value of a template that .NET has no type for. The others are themselves: null is None, and <see cref="bool"/>, <see cref="long"/>, <see cref="System.Numerics.BigInteger"/> (only what a long cannot hold), <see cref="double"/>, <see cref="string"/>.
/// </summary>
internal abstract class TemplateObject
{
    /// <summary>The name that Python's <c>type</c> gives.</summary>
    public abstract string TypeName { get; }

    /// <summary>The name with its module, where it is not one of Python's own.</summary>
    public virtual string QualifiedTypeName => TypeName;

    public virtual bool IsTrue => Length is not 0;

    /// <summary>Number of items; null for a type that has no length.</summary>
    public virtual int? Length => null;

    /// <summary>The items; null for a type that cannot be iterated over.</summary>
    public virtual IEnumerator<object?>? Iterate() => null;

    public virtual bool IsCallable => false;

    public virtual object? Call(RenderState state, in Arguments arguments) => throw Raise.Type($"'{TypeName}' object is not callable");

    /// <summary>An attribute in Python's sense, which is not an item.</summary>
    public virtual bool TryGetAttribute(string name, out object? value)
    {
        value = null;
        return false;
    }

    public virtual void WriteRepr(PrintBuffer output) => output.Append($"<{QualifiedTypeName} object at 0x7f0000000000>");

    public virtual void WriteText(PrintBuffer output) => WriteRepr(output);
}
