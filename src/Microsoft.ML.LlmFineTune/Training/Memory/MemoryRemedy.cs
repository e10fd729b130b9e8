namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Something that makes training need less memory.</summary>
/// <param name="Advice">What to do.</param>
/// <param name="Bytes">What it would need then.</param>
/// <param name="Fits">Whether that is within the limit.</param>
public sealed record MemoryRemedy(string Advice, long Bytes, bool Fits);
