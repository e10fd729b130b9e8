namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A document that a search found.</summary>
/// <param name="Document">Its id.</param>
/// <param name="Score">How well it fits: the greater, the better; not NaN.</param>
public readonly record struct SearchHit(string Document, double Score);
