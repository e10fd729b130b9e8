namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Whether two systems' scores on the same segments differ by more than chance.</summary>
/// <param name="Metric">The metric's name.</param>
/// <param name="BaselineScore">The score of the baseline.</param>
/// <param name="SystemScore">The score of the system that is compared with it.</param>
/// <param name="PValue">
/// Estimated probability of a difference that large if the systems were equally good; greater than 0, at most 1. It is two-sided. A system that equals the baseline gets the smallest possible value, 1 / (samples + 1), as in sacreBLEU:
/// look at the difference, too.
/// </param>
/// <param name="Samples">Resamples or trials.</param>
/// <param name="BaselineInterval">Confidence interval of the baseline; null where none was computed.</param>
/// <param name="SystemInterval">Confidence interval of the system; null where none was computed.</param>
public sealed record PairedComparison(string Metric, double BaselineScore, double SystemScore, double PValue, int Samples, ConfidenceInterval? BaselineInterval = null, ConfidenceInterval? SystemInterval = null)
{
    /// <summary>Score of the system minus score of the baseline.</summary>
    public double Difference => SystemScore - BaselineScore;
}
