namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well the scores of each label set the rows that have it apart from the others. Source: scikit-learn's <c>roc_auc_score</c> and <c>average_precision_score</c>.</summary>
public sealed record MultiLabelScoreMetrics
{
    private readonly double[] _support;

    internal MultiLabelScoreMetrics(IReadOnlyList<BinaryScoreMetrics> perLabel, double[] support, BinaryScoreMetrics micro, double rocAucSamples, double averagePrecisionSamples) =>
        (PerLabel, _support, Micro, RocAucSamples, AveragePrecisionSamples) = (perLabel, support, micro, rocAucSamples, averagePrecisionSamples);

    /// <summary>Rows; at least 1.</summary>
    public long Rows => PerLabel[0].Rows;

    /// <summary>Of each label: ROC AUC, average precision, curves.</summary>
    public IReadOnlyList<BinaryScoreMetrics> PerLabel { get; }

    /// <summary>Over all pairs of row and label together (<c>average='micro'</c>).</summary>
    public BinaryScoreMetrics Micro { get; }

    /// <summary>Mean over the rows of the ROC AUC among the row's labels, 0 to 1; NaN where a row has no label, or all (<c>average='samples'</c>).</summary>
    public double RocAucSamples { get; }

    /// <summary>Mean over the rows of the average precision among the row's labels, 0 to 1; a row without labels counts 0 (<c>average='samples'</c>).</summary>
    public double AveragePrecisionSamples { get; }

    /// <summary>Mean of the labels' ROC AUCs, 0 to 1. Macro: NaN where a label has no rows, or all. Weighted: labels without rows are left out, without any it is 0.</summary>
    public double RocAuc(ClassAveraging averaging = ClassAveraging.Macro) => LabelAverages.Of(PerLabel, metrics => metrics.RocAuc, averaging, _support);

    /// <summary>Mean of the labels' average precisions, 0 to 1. Macro: a label without rows counts 0. Weighted: such labels are left out, without any it is 0.</summary>
    public double AveragePrecision(ClassAveraging averaging = ClassAveraging.Macro) => LabelAverages.Of(PerLabel, metrics => metrics.AveragePrecision, averaging, _support);
}
