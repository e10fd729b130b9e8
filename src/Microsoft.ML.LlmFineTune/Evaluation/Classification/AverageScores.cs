namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Scores averaged over classes, labels or rows. The macro F is the mean of the classes' F, not the F of the means.</summary>
/// <param name="Precision">0 to 1; NaN where nothing defined is left to average.</param>
/// <param name="Recall">0 to 1; NaN where nothing defined is left to average.</param>
/// <param name="FScore">0 to 1; NaN where nothing defined is left to average.</param>
/// <param name="Jaccard">0 to 1; NaN where nothing defined is left to average.</param>
public sealed record AverageScores(double Precision, double Recall, double FScore, double Jaccard);
