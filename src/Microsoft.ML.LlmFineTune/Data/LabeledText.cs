namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>A text and the class it belongs to.</summary>
/// <param name="Text">The text.</param>
/// <param name="Label">The name of its class.</param>
public sealed record LabeledText(string Text, string Label);
