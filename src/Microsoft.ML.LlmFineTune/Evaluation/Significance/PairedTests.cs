using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Tests of the difference between two systems that answered the same segments, as sacreBLEU has them. They work on the statistics of any metric.</summary>
public static class PairedTests
{
    private const int DefaultTrials = 10000;

    /// <summary>
    /// Paired bootstrap (Koehn, EMNLP 2004): both systems are scored on the same resamples. p = (1 + resamples whose absolute difference exceeds its own mean by more than the observed difference) / (resamples + 1).
    /// </summary>
    /// <param name="baseline">The baseline's segments.</param>
    /// <param name="system">The system's, in the same order.</param>
    /// <param name="options">Resamples and seed; default null: 1000 with sacreBLEU's seed.</param>
    /// <exception cref="ArgumentException">The two differ in metric or in length, or there is no segment.</exception>
    public static PairedComparison Bootstrap(SegmentStatistics baseline, SegmentStatistics system, ResamplingOptions? options = null)
    {
        options = Check(baseline, system, options);
        (List<double> theirs, List<double> ours) = ([], []);
        foreach (int[] sample in Evaluation.Bootstrap.Draw(baseline.Count, options, new Pcg64(options.Seed)))
        {
            theirs.Add(Score(baseline, sample));
            ours.Add(Score(system, sample));
        }
        (double before, double after) = (baseline.Score(), system.Score());
        double[] differences = [.. theirs.Zip(ours, (left, right) => Math.Abs(right - left))];
        double mean = differences.Average();
        return new PairedComparison(baseline.Name, before, after, PValue(differences.Select(difference => difference - mean), Math.Abs(before - after)), differences.Length,
            Evaluation.Bootstrap.Interval(before, theirs), Evaluation.Bootstrap.Interval(after, ours));
    }

    /// <summary>
    /// Approximate randomization (Riezler and Maxwell, 2005): in each trial the two systems exchange the answers to a random half of the segments. p = (1 + trials whose absolute difference is greater than the observed one) / (trials + 1).
    /// </summary>
    /// <param name="baseline">The baseline's segments.</param>
    /// <param name="system">The system's, in the same order.</param>
    /// <param name="options">Trials and seed; default null: 10000 with sacreBLEU's seed.</param>
    /// <param name="intervalSamples">Resamples for the confidence intervals of both; default 0: none. In sacreBLEU n_ar_confidence.</param>
    /// <exception cref="ArgumentException">The two differ in metric or in length, or there is no segment.</exception>
    public static PairedComparison ApproximateRandomization(SegmentStatistics baseline, SegmentStatistics system, ResamplingOptions? options = null, int intervalSamples = 0)
    {
        options = Check(baseline, system, options);
        Require.AtLeast(intervalSamples, 0);
        Pcg64 random = new(options.Seed);
        List<double> differences = [];
        RandomBits bits = new(random);
        for (int trial = 0; trial < (options.Samples ?? DefaultTrials); trial++)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            differences.Add(ExchangedDifference(baseline, system, _ => bits.Next()));
        }
        (double before, double after) = (baseline.Score(), system.Score());
        double p = PValue(differences, Math.Abs(before - after));
        if (intervalSamples == 0) return new PairedComparison(baseline.Name, before, after, p, differences.Count);
        // As in sacreBLEU the system's resamples go on in the stream of the trials, the baseline's begin a stream of their own.
        ResamplingOptions resampling = options with { Samples = intervalSamples };
        IReadOnlyList<double> ours = Evaluation.Bootstrap.Scores(system, Evaluation.Bootstrap.Draw(system.Count, resampling, random));
        return new PairedComparison(baseline.Name, before, after, p, differences.Count, Evaluation.Bootstrap.Interval(baseline, resampling), Evaluation.Bootstrap.Interval(after, ours));
    }

    /// <summary>The share of values above the observed difference, both with one more.</summary>
    internal static double PValue(IEnumerable<double> values, double observed)
    {
        int count = 0, greater = 0;
        foreach (double value in values)
        {
            count++;
            if (value > observed) greater++;
        }
        return (double)(greater + 1) / (count + 1);
    }

    /// <summary>The absolute difference of two systems' scores after they exchanged segments.</summary>
    /// <param name="baseline">The baseline.</param>
    /// <param name="system">The system.</param>
    /// <param name="stays">Called for each segment in order: whether the first of the exchanged systems has the baseline's answer.</param>
    internal static double ExchangedDifference(SegmentStatistics baseline, SegmentStatistics system, Func<int, bool> stays)
    {
        double[] first = new double[baseline.Width], second = new double[baseline.Width];
        for (int segment = 0; segment < baseline.Count; segment++)
        {
            bool keeps = stays(segment);
            (keeps ? baseline : system).AddTo(first, segment);
            (keeps ? system : baseline).AddTo(second, segment);
        }
        return Math.Abs(baseline.Score(first) - baseline.Score(second));
    }

    private static double Score(SegmentStatistics statistics, int[] sample)
    {
        double[] sums = new double[statistics.Width];
        foreach (int segment in sample) statistics.AddTo(sums, segment);
        return statistics.Score(sums);
    }

    private static ResamplingOptions Check(SegmentStatistics baseline, SegmentStatistics system, ResamplingOptions? options)
    {
        Require.NotNull(baseline);
        Require.NotNull(system);
        Require.Argument(baseline.Name == system.Name && baseline.Width == system.Width, $"Both systems must be measured by one metric; received {baseline.Name} and {system.Name}.", nameof(system));
        Require.Argument(baseline.Count == system.Count, string.Create(CultureInfo.InvariantCulture, $"Both systems must have answered the same segments; the baseline has {baseline.Count}, the system {system.Count}."), nameof(system));
        Require.Argument(baseline.Count > 0, "There must be at least one segment to compare; received none.", nameof(baseline));
        options ??= new ResamplingOptions();
        options.Validate();
        return options;
    }
}
