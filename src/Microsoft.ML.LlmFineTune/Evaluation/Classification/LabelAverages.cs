namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Means of binary figures over classes or labels, as scikit-learn takes them.</summary>
internal static class LabelAverages
{
    /// <summary>Macro: any NaN makes it NaN. Weighted: what has no support counts nothing, NaN or not; without any support it is 0.</summary>
    public static double Of(IReadOnlyList<BinaryScoreMetrics> metrics, Func<BinaryScoreMetrics, double> figure, ClassAveraging averaging, IReadOnlyList<double> support)
    {
        if (averaging == ClassAveraging.Macro) return metrics.Average(figure);
        double total = support.Sum();
        return total == 0 ? 0 : metrics.Zip(support).Sum(pair => pair.Second == 0 ? 0 : figure(pair.First) * pair.Second) / total;
    }
}
