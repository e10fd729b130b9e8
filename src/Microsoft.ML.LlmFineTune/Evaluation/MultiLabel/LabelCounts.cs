namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Weights (numbers of rows, where rows have none) of one label's answers. Source: scikit-learn's <c>multilabel_confusion_matrix</c>, whose layout is [[tn, fp], [fn, tp]].</summary>
/// <param name="TrueNegatives">Neither there nor predicted.</param>
/// <param name="FalsePositives">Predicted, not there.</param>
/// <param name="FalseNegatives">There, not predicted.</param>
/// <param name="TruePositives">There and predicted.</param>
public readonly record struct LabelCounts(double TrueNegatives, double FalsePositives, double FalseNegatives, double TruePositives)
{
    internal LabelCounts Plus(LabelCounts other) => new(TrueNegatives + other.TrueNegatives, FalsePositives + other.FalsePositives, FalseNegatives + other.FalseNegatives, TruePositives + other.TruePositives);

    internal static LabelCounts Of(bool actual, bool predicted, double weight) =>
        actual ? (predicted ? new(0, 0, 0, weight) : new(0, 0, weight, 0)) : predicted ? new(0, weight, 0, 0) : new(weight, 0, 0, 0);

    internal ClassScores Scores(MultiLabelOptions options) => Ratio.Scores(TruePositives, TruePositives + FalseNegatives, TruePositives + FalsePositives, options.Beta, options.ZeroDivision);
}
