namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Binary decisions about one group. Rates are weighted where rows have weights.</summary>
/// <param name="Count">Rows of the group.</param>
/// <param name="SelectionRate">Share of the rows answered positively.</param>
/// <param name="Accuracy">Share of the rows answered rightly.</param>
/// <param name="TruePositiveRate">Of the positive rows, the share answered positively (recall); 0 when there are none.</param>
/// <param name="FalsePositiveRate">Of the negative rows, the share answered positively; 0 when there are none.</param>
/// <param name="Positives">Positive rows.</param>
/// <param name="Negatives">Negative rows.</param>
public sealed record GroupScores(long Count, double SelectionRate, double Accuracy, double TruePositiveRate, double FalsePositiveRate, long Positives, long Negatives);

/// <summary>Whether binary decisions treat groups alike; definitions are fairlearn's.</summary>
/// <param name="PerGroup">The groups in ordinal order.</param>
public sealed record GroupFairnessMetrics(IReadOnlyDictionary<string, GroupScores> PerGroup)
{
    /// <summary>Largest - smallest selection rate; best 0.</summary>
    public double DemographicParityDifference => Over(group => group.SelectionRate).Difference;

    /// <summary>Smallest / largest selection rate; best 1, NaN when nothing was answered positively. The "four fifths rule" asks for 0.8.</summary>
    public double DemographicParityRatio => Over(group => group.SelectionRate).Ratio;

    /// <summary>Largest - smallest true positive rate; best 0.</summary>
    public double EqualOpportunityDifference => TruePositive.Difference;

    /// <summary>Smallest / largest true positive rate; best 1, NaN when all are 0.</summary>
    public double EqualOpportunityRatio => TruePositive.Ratio;

    /// <summary>The larger of the differences of true and of false positive rates; best 0.</summary>
    public double EqualizedOddsDifference => Math.Max(TruePositive.Difference, FalsePositive.Difference);

    /// <summary>The mean of the differences of true and of false positive rates; best 0.</summary>
    public double EqualizedOddsDifferenceMean => (TruePositive.Difference + FalsePositive.Difference) / 2;

    /// <summary>The smaller of the ratios of true and of false positive rates, one that is not a number left out; best 1.</summary>
    public double EqualizedOddsRatio => GroupDifference.Of([TruePositive.Ratio, FalsePositive.Ratio]).Smallest;

    /// <summary>The mean of the ratios of true and of false positive rates, one that is not a number left out; best 1.</summary>
    public double EqualizedOddsRatioMean => ((double[])[TruePositive.Ratio, FalsePositive.Ratio]).Where(ratio => !double.IsNaN(ratio)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Largest - smallest accuracy; best 0.</summary>
    public double AccuracyDifference => Over(group => group.Accuracy).Difference;

    /// <summary>Smallest / largest accuracy; best 1.</summary>
    public double AccuracyRatio => Over(group => group.Accuracy).Ratio;

    private GroupDifference TruePositive => Over(group => group.TruePositiveRate);

    private GroupDifference FalsePositive => Over(group => group.FalsePositiveRate);

    /// <summary>Compares any of the groups' figures.</summary>
    public GroupDifference Over(Func<GroupScores, double> metric) => GroupDifference.Of(PerGroup.Values.Select(metric));
}
