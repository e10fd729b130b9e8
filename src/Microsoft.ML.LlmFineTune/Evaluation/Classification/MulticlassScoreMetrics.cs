using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well the scores of several classes rank the rows. Source: scikit-learn's functions, named at each member.</summary>
public sealed record MulticlassScoreMetrics
{
    private readonly double[] _support;
    private readonly IReadOnlyList<(double Auc, double Share)> _pairs;

    internal MulticlassScoreMetrics(IReadOnlyList<BinaryScoreMetrics> perClass, double[] support, BinaryScoreMetrics micro, IReadOnlyList<(double Auc, double Share)> pairs, long notSummingToOne, long? firstNotSummingToOne) =>
        (PerClass, _support, AveragePrecisionMicro, _pairs, RowsNotSummingToOne, FirstRowNotSummingToOne) = (perClass, support, micro.AveragePrecision, pairs, notSummingToOne, firstNotSummingToOne);

    /// <summary>Rows; at least 1.</summary>
    public long Rows => PerClass[0].Rows;

    /// <summary>Each class against all others: ROC AUC, average precision, curves. The ROC AUC of a class that has no rows, or all, is NaN.</summary>
    public IReadOnlyList<BinaryScoreMetrics> PerClass { get; }

    /// <summary>Average precision over all pairs of row and class together, 0 to 1 (<c>average_precision_score</c>, <c>average='micro'</c>).</summary>
    public double AveragePrecisionMicro { get; }

    /// <summary>How many rows' scores do not sum to 1 (within 1e-8 + 1e-5 of the sum): ROC AUCs over classes refuse them, as scikit-learn.</summary>
    public long RowsNotSummingToOne { get; }

    /// <summary>The first of those rows, counted from 0; null where there is none.</summary>
    public long? FirstRowNotSummingToOne { get; }

    /// <summary>Mean average precision of the classes, 0 to 1; a class without rows has 0 (<c>average_precision_score</c>).</summary>
    public double AveragePrecision(ClassAveraging averaging = ClassAveraging.Macro) => LabelAverages.Of(PerClass, metrics => metrics.AveragePrecision, averaging, _support);

    /// <summary>Mean of the classes' ROC AUCs against all others, 0 to 1. Macro: NaN where a class has no rows; weighted: such classes are left out (<c>roc_auc_score</c>, <c>multi_class='ovr'</c>).</summary>
    /// <exception cref="InvalidOperationException">A row's scores do not sum to 1.</exception>
    public double OneVsRestRocAuc(ClassAveraging averaging = ClassAveraging.Macro)
    {
        RequireProbabilities();
        return LabelAverages.Of(PerClass, metrics => metrics.RocAuc, averaging, _support);
    }

    /// <summary>
    /// Mean over the pairs of classes that occur of the mean of the pair's two ROC AUCs (Hand and Till, 2001), 0 to 1; rows' weights do not count; NaN where one class occurs (<c>roc_auc_score</c>, <c>multi_class='ovo'</c>).
    /// </summary>
    /// <exception cref="InvalidOperationException">A row's scores do not sum to 1; or the mean is to be weighted and only one class occurs, as in scikit-learn.</exception>
    public double OneVsOneRocAuc(ClassAveraging averaging = ClassAveraging.Macro)
    {
        RequireProbabilities();
        if (averaging == ClassAveraging.Macro) return _pairs.Count == 0 ? double.NaN : _pairs.Average(pair => pair.Auc);
        Require.State(_pairs.Count > 0, "A weighted mean over pairs of classes needs two classes that occur; only one does.");
        return _pairs.Sum(pair => pair.Auc * pair.Share) / _pairs.Sum(pair => pair.Share);
    }

    private void RequireProbabilities() =>
        Require.State(RowsNotSummingToOne == 0, string.Create(CultureInfo.InvariantCulture, $"ROC AUC of several classes needs probabilities that sum to 1; row {FirstRowNotSummingToOne} is the first of {RowsNotSummingToOne} whose scores do not. Apply a softmax, or read the classes' own figures."));
}
