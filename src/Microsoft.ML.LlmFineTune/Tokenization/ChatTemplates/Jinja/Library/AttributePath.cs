namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What filters take as the name of an attribute: a path with dots, whose numbers are positions; or a position.</summary>
internal sealed class AttributePath
{
    private readonly object?[] _parts;
    private readonly object? _fallback;

    /// <param name="attribute">The path; None for the item itself.</param>
    /// <param name="fallback">In place of a part that is not there; None for none.</param>
    public AttributePath(object? attribute, object? fallback = null)
    {
        _fallback = fallback;
        _parts = attribute is null ? [] : Values.IsText(attribute, out var text)
            ? [.. text.Split('.').Select(part => part.Length > 0 && part.All(c => Characters.IsDigit(c)) ? PythonNumbers.Box(PythonNumbers.Parse(part, 10) ?? throw Raise.Value($"invalid literal for int() with base 10: {Printing.Repr(part)}")) : part)]
            : [attribute];
    }

    public object? Of(object? item)
    {
        RenderBudget.Steps(1 + _parts.Length);
        foreach (var part in _parts)
        {
            item = Values.GetItem(item, part);
            if (_fallback is not null && item is UndefinedValue) item = _fallback;
        }
        return item;
    }

    /// <summary>Texts in lower case, all else as it is.</summary>
    public static object? IgnoreCase(object? value) => Values.IsText(value, out var text) ? Characters.Lower(text) : value;
}
