using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A decision about someone of a group.</summary>
internal readonly record struct JudgedDecision(bool Actual, bool Predicted, string Group, double Weight);

/// <summary>Whether decisions treat groups alike.</summary>
internal sealed class FairnessMeasure : Measure<JudgedDecision, GroupFairnessMetrics>
{
    private readonly GroupFairnessAccumulator _accumulator = new();

    internal override double Add(JudgedDecision row)
    {
        _accumulator.Add(row.Actual, row.Predicted, row.Group, row.Weight);
        return row.Actual == row.Predicted ? 0 : 1;
    }

    internal override GroupFairnessMetrics Compute() => _accumulator.Compute();

    internal override IEnumerable<(string Name, double Value)> Figures(GroupFairnessMetrics metrics) =>
    [
        ("Demographic parity difference", metrics.DemographicParityDifference), ("Demographic parity ratio", metrics.DemographicParityRatio), ("Equal opportunity difference", metrics.EqualOpportunityDifference),
        ("Equalized odds difference", metrics.EqualizedOddsDifference), ("Accuracy difference", metrics.AccuracyDifference),
    ];

    internal override (string Expected, string Answered) Describe(JudgedDecision row) => (row.Actual ? "yes" : "no", row.Predicted ? "yes" : "no");
}
