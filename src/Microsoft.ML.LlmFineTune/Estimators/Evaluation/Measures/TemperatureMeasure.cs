using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>The temperature that calibrates logits.</summary>
internal sealed class TemperatureMeasure(IReadOnlyList<string> names) : Measure<JudgedScores, TemperatureScaling>
{
    private readonly TemperatureAccumulator _accumulator = new(names.Count);
    private readonly InputWarnings _warnings = new();
    private long _rows;

    internal override IReadOnlyList<InputWarning> Warnings => _warnings.List;

    internal override double Add(JudgedScores row)
    {
        long number = _rows++;
        if (row.Actual >= 0) _accumulator.Add(row.Scores, row.Actual, row.Weight);
        else _warnings.Note(MulticlassMeasure.MissingLabel, number);
        return double.NaN;
    }

    internal override TemperatureScaling Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(TemperatureScaling metrics) =>
        [("Temperature", metrics.Temperature ?? double.NaN), ("Loss before", metrics.LossBefore), ("Loss after", metrics.LossAfter ?? double.NaN)];

    internal override (string Expected, string Answered) Describe(JudgedScores row) => (row.Actual < 0 ? "" : names[row.Actual], names[TensorPrimitives.IndexOfMax<double>(row.Scores)]);
}
