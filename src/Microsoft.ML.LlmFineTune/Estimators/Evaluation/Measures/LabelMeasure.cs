using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A label and the one that was predicted; null where one is missing.</summary>
internal readonly record struct JudgedLabel(string? Actual, string? Predicted, double Weight);

/// <summary>Label metrics of a classifier that gives no scores.</summary>
internal sealed class LabelMeasure(ClassificationOptions? options, bool keepRows) : Measure<JudgedLabel, ClassificationMetrics>
{
    private readonly LabelAccumulator<string> _accumulator = new();
    private readonly SegmentStatistics? _accuracy = keepRows ? WeightedMean.Statistics("Accuracy") : null;
    private readonly InputWarnings _warnings = new();
    private long _rows;

    internal override IEnumerable<SegmentStatistics> Segments => _accuracy is null ? [] : [_accuracy];

    internal override IReadOnlyList<InputWarning> Warnings => _warnings.List;

    internal override double Add(JudgedLabel row)
    {
        long number = _rows++;
        if (row.Actual is null || row.Predicted is null)
        {
            _warnings.Note(row.Actual is null ? MulticlassMeasure.MissingLabel : "the predicted label is missing; the row is left out", number);
            _accuracy?.Add([0, 0]);
            return double.NaN;
        }
        _accumulator.Add(row.Actual, row.Predicted, row.Weight);
        double right = row.Actual == row.Predicted ? 1 : 0;
        _accuracy?.Add([row.Weight * right, row.Weight]);
        return 1 - right;
    }

    internal override ClassificationMetrics Compute() => _accumulator.Compute(options);

    internal override IEnumerable<(string Name, double Value)> Figures(ClassificationMetrics metrics) =>
        [("Accuracy", metrics.Accuracy), (MulticlassMeasure.MacroF(options), metrics.Macro.FScore), ("Matthews correlation", metrics.MatthewsCorrelation)];

    internal override (string Expected, string Answered) Describe(JudgedLabel row) => (row.Actual ?? "", row.Predicted ?? "");
}
