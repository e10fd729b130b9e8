using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Bootstrap resampling: a corpus of n segments is drawn anew many times, n segments with replacement, and scored from its sums (Koehn, EMNLP 2004). Works on the statistics of any metric.
/// </summary>
public static class Bootstrap
{
    private const int DefaultSamples = 1000;

    /// <summary>The indices that numpy's default_rng(seed).choice(segments, (samples, segments)) draws, one array a resample.</summary>
    /// <param name="segments">Segments of the corpus; at least 1.</param>
    /// <param name="options">Resamples and seed; default null: sacreBLEU's.</param>
    public static IEnumerable<int[]> Indices(int segments, ResamplingOptions? options = null)
    {
        options ??= new ResamplingOptions();
        options.Validate();
        return Draw(Require.AtLeast(segments, 1), options, new Pcg64(options.Seed));
    }

    /// <summary>The scores of resampled corpora.</summary>
    /// <param name="statistics">The corpus; at least one segment.</param>
    /// <param name="options">Resamples and seed; default null: sacreBLEU's.</param>
    /// <exception cref="ArgumentException">There is no segment.</exception>
    public static IReadOnlyList<double> Scores(SegmentStatistics statistics, ResamplingOptions? options = null) => Scores(statistics, Indices(Segments(statistics), options));

    /// <summary>The scores of corpora that are given as indices of segments.</summary>
    /// <param name="statistics">The corpus.</param>
    /// <param name="indices">The segments of each resample; an index may stand in it several times.</param>
    /// <exception cref="ArgumentException">An index is out of range.</exception>
    public static IReadOnlyList<double> Scores(SegmentStatistics statistics, IEnumerable<IReadOnlyList<int>> indices)
    {
        Require.NotNull(statistics);
        double[] sums = new double[statistics.Width];
        List<double> scores = [];
        foreach (IReadOnlyList<int> sample in Require.NotNull(indices))
        {
            Array.Clear(sums);
            for (int i = 0; i < sample.Count; i++) statistics.AddTo(sums, Require.Below(sample[i], 0, statistics.Count, nameof(indices)));
            scores.Add(statistics.Score(sums));
        }
        return scores;
    }

    /// <summary>sacreBLEU's 95% interval: a fortieth of the sorted scores is cut off at each end.</summary>
    /// <param name="statistics">The corpus; at least one segment.</param>
    /// <param name="options">Resamples and seed; default null: sacreBLEU's.</param>
    /// <exception cref="ArgumentException">There is no segment.</exception>
    public static ConfidenceInterval Interval(SegmentStatistics statistics, ResamplingOptions? options = null) => Interval(Require.NotNull(statistics).Score(), Scores(statistics, options));

    /// <summary>sacreBLEU's 95% interval of scores that are at hand.</summary>
    /// <param name="score">The score of the corpus itself.</param>
    /// <param name="scores">The scores of its resamples; at least one.</param>
    /// <exception cref="ArgumentException">There are no scores.</exception>
    public static ConfidenceInterval Interval(double score, IReadOnlyList<double> scores)
    {
        double[] sorted = Sorted(scores);
        int cut = sorted.Length / 40;
        return new ConfidenceInterval(score, scores.Average(), sorted[cut], sorted[^(cut + 1)], 0.95);
    }

    /// <summary>The interval between percentiles of the resamples' scores, linearly interpolated as numpy does: position (m - 1) * q in the m sorted scores.</summary>
    /// <param name="score">The score of the corpus itself.</param>
    /// <param name="scores">The scores of its resamples; at least one.</param>
    /// <param name="level">The share of the scores that the interval holds; greater than 0, less than 1. Default 0.95.</param>
    /// <exception cref="ArgumentException">There are no scores, or the level is out of its range.</exception>
    public static ConfidenceInterval PercentileInterval(double score, IReadOnlyList<double> scores, double level = 0.95)
    {
        Require.Argument(level > 0 && level < 1, string.Create(CultureInfo.InvariantCulture, $"The level of a confidence interval must be greater than 0 and less than 1; received {level}."), nameof(level));
        double[] sorted = Sorted(scores);
        double tail = (1 - level) / 2;
        return new ConfidenceInterval(score, scores.Average(), Percentile(sorted, tail), Percentile(sorted, 1 - tail), level);
    }

    internal static double Percentile(double[] sorted, double share)
    {
        double position = (sorted.Length - 1) * share;
        int below = (int)Math.Floor(position);
        double part = position - below;
        return below + 1 < sorted.Length ? sorted[below] + ((sorted[below + 1] - sorted[below]) * part) : sorted[below];
    }

    internal static double[] Sorted(IReadOnlyList<double> scores)
    {
        Require.Argument(Require.NotNull(scores).Count > 0, "There must be at least one resample's score; received none.", nameof(scores));
        double[] sorted = [.. scores];
        Array.Sort(sorted);
        return sorted;
    }

    internal static int SamplesOf(ResamplingOptions options) => options.Samples ?? DefaultSamples;

    internal static IEnumerable<int[]> Draw(int segments, ResamplingOptions options, Pcg64 random)
    {
        for (int sample = 0; sample < SamplesOf(options); sample++)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            int[] indices = new int[segments];
            random.Choose(indices, segments);
            yield return indices;
        }
    }

    private static int Segments(SegmentStatistics statistics)
    {
        Require.Argument(Require.NotNull(statistics).Count > 0, "There must be at least one segment to resample; received none.", nameof(statistics));
        return statistics.Count;
    }
}
