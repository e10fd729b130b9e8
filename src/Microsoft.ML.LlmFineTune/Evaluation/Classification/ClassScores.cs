namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How one class (or label) was recognised; what a denominator of 0 gives is the option <see cref="ClassificationOptions.ZeroDivision"/>.</summary>
/// <param name="Precision">tp / predicted, 0 to 1: of the rows answered with this class, the share that has it (scikit-learn: <c>precision_score</c>).</param>
/// <param name="Recall">tp / actual, 0 to 1: of the rows that have this class, the share answered with it (<c>recall_score</c>).</param>
/// <param name="FScore">(1 + b²) tp / (b² actual + predicted), 0 to 1: the weighted harmonic mean of precision and recall (<c>fbeta_score</c>; <c>f1_score</c> at the default beta of 1).</param>
/// <param name="Jaccard">tp / (actual + predicted - tp), 0 to 1 (<c>jaccard_score</c>).</param>
/// <param name="Support">Sum of the weights of the rows that have this class: their number where rows have no weights.</param>
public sealed record ClassScores(double Precision, double Recall, double FScore, double Jaccard, double Support);
