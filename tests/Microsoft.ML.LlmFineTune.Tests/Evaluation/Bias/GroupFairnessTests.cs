using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation.Bias;

public sealed class GroupFairnessTests
{
    [Fact]
    public void CountsByHand()
    {
        GroupFairnessAccumulator accumulator = new();
        // a: 2 of 4 selected, both positives found, no false alarm; b: 1 of 4 selected, 1 of 2 found, no false alarm.
        foreach ((bool actual, bool predicted, string group) in new[] { (true, true, "a"), (true, true, "a"), (false, false, "a"), (false, false, "a"), (true, true, "b"), (true, false, "b"), (false, false, "b"), (false, false, "b") })
            accumulator.Add(actual, predicted, group);
        GroupFairnessMetrics metrics = accumulator.Compute();
        Assert.Equal(new GroupScores(4, 0.25, 0.75, 0.5, 0, 2, 2), metrics.PerGroup["b"]);
        Assert.Equal(0.25, metrics.DemographicParityDifference);
        Assert.Equal(0.5, metrics.DemographicParityRatio);
        Assert.Equal(0.5, metrics.EqualOpportunityDifference);
        Assert.Equal(0.5, metrics.EqualizedOddsDifference);
        Assert.Equal(0.25, metrics.EqualizedOddsDifferenceMean);
        Assert.Equal(0.5, metrics.EqualizedOddsRatio);        // the ratio of false positives is 0 / 0 and left out
        Assert.Equal(0.5, metrics.EqualizedOddsRatioMean);
        Assert.Equal(0.75, metrics.AccuracyRatio);
    }

    [Fact]
    public void WeightsAreRowsManyTimesOver()
    {
        GroupFairnessAccumulator weighted = new(), repeated = new();
        Random random = new(3);
        for (int row = 0; row < 60; row++)
        {
            (bool actual, bool predicted, string group, int weight) = (random.Next(2) == 0, random.Next(2) == 0, random.Next(2) == 0 ? "a" : "b", random.Next(4));
            weighted.Add(actual, predicted, group, weight);
            for (int i = 0; i < weight; i++) repeated.Add(actual, predicted, group);
        }
        Assert.Equal(repeated.Compute().EqualizedOddsDifference, weighted.Compute().EqualizedOddsDifference, 12);
        Assert.Equal(repeated.Compute().DemographicParityRatio, weighted.Compute().DemographicParityRatio, 12);
    }

    [Fact]
    public void AnyMetricIsComparedBetweenGroups()
    {
        GroupDifference difference = GroupDifference.Of([0.5, double.NaN, 0.25]);
        Assert.Equal((0.25, 0.5), (difference.Difference, difference.Ratio));
        Assert.True(double.IsNaN(GroupDifference.Of([]).Difference));
    }

    [Fact]
    public void BadInputIsRefused()
    {
        GroupFairnessAccumulator accumulator = new();
        Assert.Throws<InvalidOperationException>(() => accumulator.Compute());
        Assert.Contains("Row 0", Assert.Throws<ArgumentException>(() => accumulator.Add(true, true, null!)).Message, StringComparison.Ordinal);
        Assert.Contains("Row 0", Assert.Throws<ArgumentException>(() => accumulator.Add(true, true, "a", -1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Add(true, true, "a", double.NaN));
    }
}
