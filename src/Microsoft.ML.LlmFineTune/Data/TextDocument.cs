namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>A text that stands for itself.</summary>
/// <param name="Text">The text.</param>
public sealed record TextDocument(string Text);
