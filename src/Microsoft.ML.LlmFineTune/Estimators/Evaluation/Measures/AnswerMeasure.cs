using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>An answer to a question.</summary>
internal readonly record struct JudgedAnswer(string Prediction, IReadOnlyList<string> Answers, double? NoAnswerProbability);

/// <summary>Exact match and F1 of answers (SQuAD).</summary>
internal sealed class AnswerMeasure(SquadOptions? options, bool keepRows) : Measure<JudgedAnswer, SquadMetrics>
{
    private readonly SquadAccumulator _accumulator = new(options, keepRows);

    internal override IEnumerable<SegmentStatistics> Segments => _accumulator is { ExactMatchPerSegment: SegmentStatistics exact, F1PerSegment: SegmentStatistics f1 } ? [Percent("Exact match", exact), Percent("F1", f1)] : [];

    internal override IReadOnlyList<InputWarning> Warnings => Compute().Warnings;

    internal override double Add(JudgedAnswer row) => 1 - _accumulator.Add(row.Prediction, row.Answers, row.NoAnswerProbability).F1;

    internal override SquadMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(SquadMetrics metrics) => [("Exact match", metrics.ExactMatch), ("F1", metrics.F1)];

    internal override (string Expected, string Answered) Describe(JudgedAnswer row) => (row.Answers.Count > 0 ? string.Join(" | ", row.Answers) : "(no answer)", row.Prediction);

    // The metrics are in percent, as SQuAD's program prints them; the statistics are fractions.
    private static SegmentStatistics Percent(string name, SegmentStatistics fractions) => SegmentStatistics.OfMean(name, fractions.SegmentScores().Select(score => 100 * score));
}
