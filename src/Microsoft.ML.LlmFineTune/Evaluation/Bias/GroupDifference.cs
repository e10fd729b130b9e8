using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How far a metric lies apart between groups, as fairlearn's MetricFrame compares them. Groups whose metric is not a number are left out.</summary>
/// <param name="Smallest">The smallest value; NaN when no group has one.</param>
/// <param name="Largest">The largest value; NaN when no group has one.</param>
public readonly record struct GroupDifference(double Smallest, double Largest)
{
    /// <summary>Largest - smallest; 0 when all groups are alike.</summary>
    public double Difference => Largest - Smallest;

    /// <summary>Smallest / largest; 1 when all groups are alike, NaN when all are 0.</summary>
    public double Ratio => Smallest / Largest;

    /// <summary>Compares the groups' values of any metric.</summary>
    public static GroupDifference Of(IEnumerable<double> values)
    {
        List<double> given = [.. Require.NotNull(values).Where(value => !double.IsNaN(value))];
        return given.Count == 0 ? new(double.NaN, double.NaN) : new(given.Min(), given.Max());
    }
}
