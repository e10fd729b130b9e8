namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well the scores of a row rank its labels before others. Source: scikit-learn's functions, named at each member.</summary>
/// <param name="Rows">Rows; at least 1.</param>
/// <param name="AveragePrecision">Mean over the rows, over their labels, of the share of true labels among those ranked at least as high: above 0 to 1; a row without or with all labels counts 1 (<c>label_ranking_average_precision_score</c>).</param>
/// <param name="CoverageError">How far down the ranking one must go on average to have all true labels, equal scores counting against: 0 to the number of labels; a row without labels counts 0 (<c>coverage_error</c>).</param>
/// <param name="RankingLoss">Share of the pairs of a true and a false label that are ordered wrongly or have equal scores, 0 (perfect) to 1; a row without or with all labels counts 0 (<c>label_ranking_loss</c>).</param>
public sealed record LabelRankingMetrics(long Rows, double AveragePrecision, double CoverageError, double RankingLoss);
