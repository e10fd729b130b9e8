namespace Samples.Corpus;

/// <summary>One distinct documentation text of the .NET SDK.</summary>
/// <param name="Text">The summary, cross-references resolved to short names, white space folded.</param>
/// <param name="Namespace">First two segments of the namespace it documents most often.</param>
/// <param name="Kind">What it documents most often: Type, Method, Property, Field or Event.</param>
internal sealed record DocumentationRow(string Text, string Namespace, string Kind);
