using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Statistics whose score is a weighted mean, or a function of one.</summary>
internal static class WeightedMean
{
    /// <summary>Rows are [weight * value, weight].</summary>
    internal static SegmentStatistics Statistics(string name) => Statistics(name, mean => mean);

    /// <summary>Rows are [weight * value, weight]; the score is a function of the mean.</summary>
    internal static SegmentStatistics Statistics(string name, Func<double, double> score) => new(name, 2, sums => score(sums[0] / sums[1]));

    /// <summary>The same statistics under the name of the figure that they are of.</summary>
    internal static SegmentStatistics Named(this SegmentStatistics statistics, string name)
    {
        SegmentStatistics named = new(name, statistics.Width, sums => statistics.Score(sums));
        for (int segment = 0; segment < statistics.Count; segment++) named.Add(statistics[segment]);
        return named;
    }
}
