namespace Samples.Corpus;

/// <summary>One distinct documentation text of the .NET SDK.</summary>
public sealed class DocumentationRow
{
    /// <summary>The summary, cross-references resolved to short names, white space folded.</summary>
    public string Text { get; set; } = "";

    /// <summary>First two segments of the namespace it documents most often.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>What it documents most often: Type, Method, Property, Field or Event.</summary>
    public string Kind { get; set; } = "";
}
