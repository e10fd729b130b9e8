using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>The score of a corpus, from the sums of its segments' statistics.</summary>
/// <param name="sums">One sum for each statistic, in the order of the metric's layout.</param>
public delegate double CorpusScore(ReadOnlySpan<double> sums);

/// <summary>
/// The sufficient statistics of each segment (sentence, text, question) of a corpus: a metric's score of any selection of the segments is a function of the sums of their rows. This is what the confidence intervals and the
/// paired tests work on, whatever the metric is. The text metrics' accumulators fill one where <c>keepSegments</c> is set; for a metric of one's own, add rows and give the function.
/// </summary>
public sealed class SegmentStatistics
{
    private readonly CorpusScore _score;
    private double[] _values = [];

    /// <summary>Creates statistics without a segment.</summary>
    /// <param name="name">The metric's name, "BLEU" for example.</param>
    /// <param name="width">Statistics of a segment; at least 1.</param>
    /// <param name="score">The score of a corpus from the sums over its segments.</param>
    public SegmentStatistics(string name, int width, CorpusScore score)
    {
        Name = Require.Text(name);
        Width = Require.AtLeast(width, 1);
        _score = Require.NotNull(score);
    }

    /// <summary>The metric's name.</summary>
    public string Name { get; }

    /// <summary>Statistics of a segment.</summary>
    public int Width { get; }

    /// <summary>Segments.</summary>
    public int Count { get; private set; }

    /// <summary>The statistics of a segment; a view that is valid until the next Add.</summary>
    /// <param name="segment">From 0 to below <see cref="Count"/>.</param>
    public ReadOnlySpan<double> this[int segment] => _values.AsSpan(Require.Below(segment, 0, Count) * Width, Width);

    /// <summary>Statistics of values whose score is their mean: sentence scores, losses, right (1) and wrong (0) answers.</summary>
    /// <param name="name">The metric's name.</param>
    /// <param name="values">One value a segment.</param>
    public static SegmentStatistics OfMean(string name, IEnumerable<double> values)
    {
        SegmentStatistics statistics = new(name, 2, static sums => sums[0] / sums[1]);
        foreach (double value in Require.NotNull(values)) statistics.Add([value, 1]);
        return statistics;
    }

    /// <summary>Adds a segment.</summary>
    /// <param name="statistics">Its <see cref="Width"/> statistics.</param>
    /// <exception cref="ArgumentException">There are more or fewer.</exception>
    public void Add(ReadOnlySpan<double> statistics)
    {
        Require.Argument(statistics.Length == Width, string.Create(CultureInfo.InvariantCulture, $"A segment of {Name} has {Width} statistics; received {statistics.Length}."), nameof(statistics));
        if ((Count + 1) * Width > _values.Length) Array.Resize(ref _values, Math.Max(16 * Width, _values.Length * 2));
        statistics.CopyTo(_values.AsSpan(Count * Width));
        Count++;
    }

    /// <summary>Adds the segments of another corpus after those of this one.</summary>
    /// <exception cref="ArgumentException">They are of another metric.</exception>
    public void Merge(SegmentStatistics other)
    {
        Row.Other(this, other);
        Require.Argument(other.Width == Width && other.Name == Name, string.Create(CultureInfo.InvariantCulture, $"Both must hold statistics of one metric; this has {Name} ({Width}), the other {other.Name} ({other.Width})."), nameof(other));
        int count = other.Count;
        for (int segment = 0; segment < count; segment++) Add([.. other[segment]]);
    }

    /// <summary>The score of sums.</summary>
    /// <exception cref="ArgumentException">There is not one sum for each statistic.</exception>
    public double Score(ReadOnlySpan<double> sums)
    {
        Require.Argument(sums.Length == Width, string.Create(CultureInfo.InvariantCulture, $"{Name} is a function of {Width} sums; received {sums.Length}."), nameof(sums));
        return _score(sums);
    }

    /// <summary>The score of the whole corpus.</summary>
    public double Score()
    {
        double[] sums = new double[Width];
        for (int segment = 0; segment < Count; segment++) AddTo(sums, segment);
        return _score(sums);
    }

    /// <summary>The score of each segment alone.</summary>
    public IReadOnlyList<double> SegmentScores()
    {
        double[] scores = new double[Count];
        for (int segment = 0; segment < Count; segment++) scores[segment] = _score(this[segment]);
        return scores;
    }

    internal void AddTo(Span<double> sums, int segment)
    {
        ReadOnlySpan<double> row = _values.AsSpan(segment * Width, Width);
        for (int i = 0; i < sums.Length; i++) sums[i] += row[i];
    }
}
