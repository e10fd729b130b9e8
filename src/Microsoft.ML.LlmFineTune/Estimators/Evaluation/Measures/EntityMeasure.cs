using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>The tags of a sentence and those that were predicted.</summary>
internal readonly record struct JudgedTags(string[] Actual, string[] Predicted);

/// <summary>Precision, recall and F of entities.</summary>
internal sealed class EntityMeasure(EntityOptions? options, bool keepRows) : Measure<JudgedTags, EntityMetrics>
{
    private readonly EntityAccumulator _accumulator = new(options, keepRows);

    internal override IEnumerable<SegmentStatistics> Segments => _accumulator.PerSegment is SegmentStatistics statistics ? [statistics.Named(F)] : [];

    internal override IReadOnlyList<InputWarning> Warnings => Compute().Warnings;

    private string F => FormattableString.Invariant($"Micro F{_accumulator.Options.Beta}");

    internal override double Add(JudgedTags row)
    {
        _accumulator.Add(row.Actual, row.Predicted);
        return row.Actual.Zip(row.Predicted).Count(tags => tags.First != tags.Second);
    }

    internal override EntityMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(EntityMetrics metrics) =>
        [(F, metrics.Micro.FScore), ("Micro precision", metrics.Micro.Precision), ("Micro recall", metrics.Micro.Recall), (FormattableString.Invariant($"Macro F{_accumulator.Options.Beta}"), metrics.Macro.FScore)];

    internal override (string Expected, string Answered) Describe(JudgedTags row) => (string.Join(' ', row.Actual), string.Join(' ', row.Predicted));
}
