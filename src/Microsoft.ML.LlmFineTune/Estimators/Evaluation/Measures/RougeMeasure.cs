using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>ROUGE of all kinds that were asked for.</summary>
internal sealed class RougeMeasure(RougeOptions? options, bool keepRows) : Measure<JudgedText, RougeMetrics>
{
    private readonly RougeAccumulator _accumulator = new(options, keepRows);

    internal override IEnumerable<SegmentStatistics> Segments => keepRows ? _accumulator.Options.Types.Select(_accumulator.PerSegment) : [];

    internal override IReadOnlyList<InputWarning> Warnings => Compute().Warnings;

    internal override double Add(JudgedText row) => 1 - _accumulator.Add(row.Hypothesis, [.. row.References.Select(reference => reference!)]).Average(score => score.FScore);

    internal override RougeMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(RougeMetrics metrics) => metrics.Scores.Select(score => (score.Type.Name, score.Score.FScore));

    internal override (string Expected, string Answered) Describe(JudgedText row) => row.Describe();
}
