using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Statistics whose score is a weighted mean, or a function of means.</summary>
internal static class WeightedMean
{
    /// <summary>Rows are [weight * value, weight].</summary>
    internal static SegmentStatistics Statistics(string name) => new(name, 2, static sums => sums[0] / sums[1]);

    /// <summary>Rows are [weight * value, weight]; the score is a function of the mean.</summary>
    internal static SegmentStatistics Statistics(string name, Func<double, double> score) => new(name, 2, sums => score(sums[0] / sums[1]));
}
