using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How a classifier among several classes is evaluated. Immutable; checked before the first row is read.</summary>
public sealed record MulticlassEvaluationOptions
{
    /// <summary>How labels are scored. Default null: F1, denominators of 0 give 0.</summary>
    public ClassificationOptions? Labels { get; init; }

    /// <summary>How probabilities are scored. Default: scikit-learn's clipping.</summary>
    public ProbabilityOptions Probabilities { get; init; } = new();

    /// <summary>Whether the scores are logits, whose softmax is taken; default false: they are probabilities.</summary>
    public bool ScoresAreLogits { get; init; }

    /// <summary>Bins of the calibration. Default 15; at least 1.</summary>
    public int CalibrationBins { get; init; } = 15;

    /// <summary>Whether ROC and precision-recall figures are computed, which keeps every score in memory. Default false.</summary>
    public bool Curves { get; init; }

    /// <summary>Demands values in their ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.NotNull(Probabilities);
        Require.AtLeast(CalibrationBins, 1);
    }
}

/// <summary>What the probabilities of a classifier among several classes tell.</summary>
/// <param name="Probabilities">Log loss, Brier score, top-k accuracy, and the metrics of the labels.</param>
/// <param name="Calibration">Whether the largest probability is the share of right answers.</param>
/// <param name="Curves">ROC and precision-recall figures of each class; null unless they were asked for.</param>
public sealed record MulticlassEvaluationMetrics(ProbabilityMetrics Probabilities, CalibrationMetrics Calibration, MulticlassScoreMetrics? Curves)
{
    /// <summary>The metrics of the labels: accuracy, F, Matthews correlation, Cohen's kappa, confusion matrix.</summary>
    public ClassificationMetrics Labels => Probabilities.Labels;
}

/// <summary>What the probabilities of a yes-or-no decision tell.</summary>
/// <param name="Labels">The metrics of the labels, at the threshold.</param>
/// <param name="Probabilities">Log loss and Brier score.</param>
/// <param name="Scores">ROC and precision-recall figures, with their curves.</param>
/// <param name="Calibration">Whether the probability is the share of positive rows.</param>
public sealed record BinaryEvaluationMetrics(Evaluation.ClassificationMetrics Labels, BinaryProbabilityMetrics Probabilities, BinaryScoreMetrics Scores, CalibrationMetrics Calibration);

/// <summary>How sets of labels are predicted.</summary>
/// <param name="Labels">Precision, recall, F and Jaccard of the labels at the threshold; subset accuracy, Hamming loss.</param>
/// <param name="Ranking">How well the scores rank the labels of a row.</param>
/// <param name="Curves">ROC and precision-recall figures of each label; null unless they were asked for.</param>
public sealed record MultiLabelEvaluationMetrics(MultiLabelMetrics Labels, LabelRankingMetrics Ranking, MultiLabelScoreMetrics? Curves);

/// <summary>How numbers are predicted.</summary>
/// <param name="Errors">The errors.</param>
/// <param name="MedianAbsoluteError">The (weighted) median of |actual - predicted|.</param>
/// <param name="Correlation">How the two go together; null where rows have weights.</param>
public sealed record RegressionEvaluationMetrics(Evaluation.RegressionMetrics Errors, double MedianAbsoluteError, CorrelationMetrics? Correlation)
{
    /// <summary>Coefficient of determination; NaN for one row.</summary>
    public double R2 => Errors.R2();

    /// <summary>Explained variance.</summary>
    public double ExplainedVariance => Errors.ExplainedVariance();
}
