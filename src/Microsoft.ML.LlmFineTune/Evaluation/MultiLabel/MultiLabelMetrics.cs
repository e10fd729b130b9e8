namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well sets of labels were predicted. Shares are fractions from 0 to 1. Source: scikit-learn's functions, named at each member.</summary>
public sealed record MultiLabelMetrics
{
    /// <summary>Rows; at least 1.</summary>
    public required long Rows { get; init; }

    /// <summary>The labels' names, in the order of <see cref="PerLabel"/> and <see cref="Counts"/>.</summary>
    public required IReadOnlyList<string> LabelNames { get; init; }

    /// <summary>Share of the rows all of whose labels are right (<c>accuracy_score</c>).</summary>
    public required double SubsetAccuracy { get; init; }

    /// <summary>Share of the pairs of row and label that are wrong; 0 is perfect (<c>hamming_loss</c>).</summary>
    public required double HammingLoss { get; init; }

    /// <summary>What each label's answers were (<c>multilabel_confusion_matrix</c>).</summary>
    public required IReadOnlyList<LabelCounts> Counts { get; init; }

    /// <summary>Scores of each label (<c>average=None</c>).</summary>
    public required IReadOnlyList<ClassScores> PerLabel { get; init; }

    /// <summary>Scores from the sums over the labels (<c>average='micro'</c>).</summary>
    public required AverageScores Micro { get; init; }

    /// <summary>Means over the labels (<c>average='macro'</c>).</summary>
    public required AverageScores Macro { get; init; }

    /// <summary>Means over the labels, weighted by their support; the plain means where no label occurs (<c>average='weighted'</c>).</summary>
    public required AverageScores Weighted { get; init; }

    /// <summary>Means over the rows of each row's scores (<c>average='samples'</c>).</summary>
    public required AverageScores Samples { get; init; }
}
