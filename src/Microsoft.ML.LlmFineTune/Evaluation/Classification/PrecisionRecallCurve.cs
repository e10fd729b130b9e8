namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Precision and recall by threshold. Source: scikit-learn's <c>precision_recall_curve</c>.</summary>
/// <param name="Precision">Of the rows with a score of at least the threshold, the share of positive ones; one more entry than thresholds, the last being 1.</param>
/// <param name="Recall">Of the positive rows, the share with a score of at least the threshold, falling; one more entry than thresholds, the last being 0. 1 at every threshold where there are no positive rows.</param>
/// <param name="Thresholds">The distinct scores from low to high.</param>
public sealed record PrecisionRecallCurve(IReadOnlyList<double> Precision, IReadOnlyList<double> Recall, IReadOnlyList<double> Thresholds);
