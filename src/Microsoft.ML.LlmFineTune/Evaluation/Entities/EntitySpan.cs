namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>An entity in a sentence.</summary>
/// <param name="Type">Its type; "_" where the tags have none.</param>
/// <param name="Start">Its first token, from 0.</param>
/// <param name="End">One past its last token.</param>
public readonly record struct EntitySpan(string Type, int Start, int End);
