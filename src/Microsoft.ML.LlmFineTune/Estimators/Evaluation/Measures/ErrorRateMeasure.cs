using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Word and character error rates.</summary>
internal sealed class ErrorRateMeasure(bool keepRows) : Measure<JudgedText, ErrorRateMetrics>
{
    private const string Words = "Word error rate", Characters = "Character error rate";

    private readonly ErrorRateAccumulator _accumulator = new(keepRows);

    internal override IEnumerable<SegmentStatistics> Segments => _accumulator is { WordsPerSegment: SegmentStatistics words, CharactersPerSegment: SegmentStatistics characters } ? [words.Named(Words), characters.Named(Characters)] : [];

    internal override IReadOnlyList<InputWarning> Warnings => Compute().Warnings;

    internal override double Add(JudgedText row) => _accumulator.Add(row.Hypothesis, row.References[0]!).WordErrorRate;

    internal override ErrorRateMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(ErrorRateMetrics metrics) => [(Words, metrics.WordErrorRate), (Characters, metrics.CharacterErrorRate)];

    internal override (string Expected, string Answered) Describe(JudgedText row) => row.Describe();
}
