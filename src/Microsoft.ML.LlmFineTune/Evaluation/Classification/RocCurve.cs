namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>The receiver operating characteristic: from (0, 0) at the threshold infinity to (1, 1) at the lowest score. Source: scikit-learn's <c>roc_curve</c>.</summary>
/// <param name="FalsePositiveRate">Of the negative rows, the share with a score of at least the threshold; rising from 0 to 1. NaN everywhere where there are no negative rows.</param>
/// <param name="TruePositiveRate">Of the positive rows, the share with a score of at least the threshold; rising from 0 to 1. NaN everywhere where there are no positive rows.</param>
/// <param name="Thresholds">The distinct scores from high to low, after infinity.</param>
public sealed record RocCurve(IReadOnlyList<double> FalsePositiveRate, IReadOnlyList<double> TruePositiveRate, IReadOnlyList<double> Thresholds);
