namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A text that the template has called safe, or escaped: texts joined to it are escaped. Otherwise it is a text.</summary>
internal sealed class MarkupText(string text) : TemplateObject
{
    public string Text => text;

    public override string TypeName => "Markup";

    public override string QualifiedTypeName => "markupsafe.Markup";

    public override int? Length => CodePointText.Count(text);

    public override IEnumerator<object?> Iterate() => CodePointText.Each(text).GetEnumerator();

    public override bool TryGetAttribute(string name, out object? value) => StringMethods.Of(this, name, out value);

    public override void WriteRepr(PrintBuffer output)
    {
        output.Append("Markup(");
        Printing.WriteRepr(output, text);
        output.Append(')');
    }

    public override void WriteText(PrintBuffer output) => output.Append(text);

    /// <summary>A value as it may stand in markup.</summary>
    public static string Escape(object? value)
    {
        if (value is MarkupText markup) return markup.Text;
        var text = Printing.Text(value);
        if (text.AsSpan().IndexOfAny("&<>'\"") < 0) return text;
        RenderBudget.Make(text.Length * 5L);
        return text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);
    }
}
