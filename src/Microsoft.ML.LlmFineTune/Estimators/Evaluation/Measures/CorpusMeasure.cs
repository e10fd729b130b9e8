using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A text and those that it should be like.</summary>
internal readonly record struct JudgedText(string Hypothesis, IReadOnlyList<string?> References)
{
    internal (string Expected, string Answered) Describe() => (string.Join(" | ", References), Hypothesis);
}

/// <summary>BLEU, chrF, TER.</summary>
/// <param name="accumulator">What counts.</param>
/// <param name="compute">Its metrics.</param>
/// <param name="name">What the score is called.</param>
/// <param name="score">The score of metrics.</param>
/// <param name="badness">How bad a segment's score is.</param>
internal sealed class CorpusMeasure<TMetrics>(CorpusAccumulator accumulator, Func<TMetrics> compute, string name, Func<TMetrics, double> score, Func<double, double> badness) : Measure<JudgedText, TMetrics>
{
    internal override IEnumerable<SegmentStatistics> Segments => accumulator.PerSegment is SegmentStatistics statistics ? [statistics] : [];

    internal override IReadOnlyList<InputWarning> Warnings => accumulator.Warnings;

    internal override double Add(JudgedText row) => badness(accumulator.Add(row.Hypothesis, row.References));

    internal override TMetrics Compute() => compute();

    internal override IEnumerable<(string Name, double Value)> Figures(TMetrics metrics) => [(name, score(metrics))];

    internal override (string Expected, string Answered) Describe(JudgedText row) => row.Describe();
}
