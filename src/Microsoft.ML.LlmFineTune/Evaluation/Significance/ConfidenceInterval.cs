using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How sure a score is, from the scores of resampled corpora (bootstrap). All numbers are in the metric's own unit.</summary>
/// <param name="Score">The score of the corpus itself.</param>
/// <param name="Mean">Mean of the resamples' scores.</param>
/// <param name="Lower">The lower end of the interval that holds the given share of the resamples' scores.</param>
/// <param name="Upper">The upper end of it.</param>
/// <param name="Level">The share; 0.95 for the 95% interval.</param>
public sealed record ConfidenceInterval(double Score, double Mean, double Lower, double Upper, double Level)
{
    /// <summary>Half of the interval's width: what stands behind the plus-minus sign.</summary>
    public double HalfWidth => 0.5 * (Upper - Lower);

    /// <summary>One line: score, and the interval's ends in brackets.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Score:0.####} [{Lower:0.####}, {Upper:0.####}]");
}
