using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How clusters agree with classes.</summary>
internal sealed class ClusteringMeasure : Measure<JudgedLabel, ClusteringMetrics>
{
    private readonly ClusteringAccumulator<string, string> _accumulator = new();
    private readonly InputWarnings _warnings = new();
    private long _rows;

    internal override IReadOnlyList<InputWarning> Warnings => _warnings.List;

    internal override double Add(JudgedLabel row)
    {
        long number = _rows++;
        if (row.Actual is not null && row.Predicted is not null) _accumulator.Add(row.Actual, row.Predicted);
        else _warnings.Note(row.Actual is null ? MulticlassMeasure.MissingLabel : "the cluster is missing; the row is left out", number);
        return double.NaN;
    }

    internal override ClusteringMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(ClusteringMetrics metrics) =>
        [("Adjusted Rand index", metrics.AdjustedRandIndex), ("Normalized mutual information", metrics.NormalizedMutualInformation()), ("Fowlkes-Mallows index", metrics.FowlkesMallowsIndex)];

    internal override (string Expected, string Answered) Describe(JudgedLabel row) => (row.Actual ?? "", row.Predicted ?? "");
}
