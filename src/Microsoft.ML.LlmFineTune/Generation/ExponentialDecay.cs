namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>From when on, and how fast, end tokens become more likely.</summary>
/// <param name="Start">New tokens after which it begins; at least 0.</param>
/// <param name="Factor">Greater than 0; above 1 makes texts end: |score| * (factor^(new tokens - start) - 1) is added to the end tokens' scores.</param>
public sealed record ExponentialDecay(int Start, double Factor);
