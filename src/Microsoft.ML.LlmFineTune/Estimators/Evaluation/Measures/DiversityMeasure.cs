using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How varied texts are. It is a property of all of them together, so no row is bad by itself, and there are no intervals.</summary>
internal sealed class DiversityMeasure : Measure<string, DiversityMetrics>
{
    private readonly DiversityAccumulator _accumulator = new();

    internal override IReadOnlyList<InputWarning> Warnings => _accumulator.Warnings;

    internal override double Add(string row)
    {
        _accumulator.Add(row);
        return double.NaN;
    }

    internal override DiversityMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(DiversityMetrics metrics) =>
        [("Distinct-1", metrics.Distinct[0] ?? double.NaN), ("Distinct-2", metrics.Distinct[1] ?? double.NaN), ("Repetition rate", metrics.RepetitionRate ?? double.NaN), ("Type-token ratio", metrics.TypeTokenRatio ?? double.NaN)];

    internal override (string Expected, string Answered) Describe(string row) => ("", row);
}
