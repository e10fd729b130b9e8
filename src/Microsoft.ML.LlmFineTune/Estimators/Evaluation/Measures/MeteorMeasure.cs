using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>METEOR without synonyms.</summary>
internal sealed class MeteorMeasure(MeteorOptions? options, bool keepRows) : Measure<JudgedText, MeteorMetrics>
{
    private readonly MeteorAccumulator _accumulator = new(options, keepRows);

    internal override IEnumerable<SegmentStatistics> Segments => _accumulator.PerSegment is SegmentStatistics statistics ? [statistics] : [];

    internal override IReadOnlyList<InputWarning> Warnings => Compute().Warnings;

    internal override double Add(JudgedText row) => 1 - _accumulator.Add(row.Hypothesis, [.. row.References.Select(reference => reference!)]);

    internal override MeteorMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(MeteorMetrics metrics) => [("METEOR", metrics.Score)];

    internal override (string Expected, string Answered) Describe(JudgedText row) => row.Describe();
}
