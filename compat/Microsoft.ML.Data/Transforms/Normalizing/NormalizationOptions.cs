namespace Microsoft.ML.Transforms;

/// <summary>How columns are normalized.</summary>
/// <param name="Range">By smallest and largest value; otherwise by mean and variance.</param>
/// <param name="Rows">At most so many rows are looked at.</param>
/// <param name="FixZero">0 stays 0.</param>
/// <param name="Cdf">By the distribution function, not linearly.</param>
internal sealed record NormalizationOptions(bool Range, long Rows, bool FixZero, bool Cdf = false);
