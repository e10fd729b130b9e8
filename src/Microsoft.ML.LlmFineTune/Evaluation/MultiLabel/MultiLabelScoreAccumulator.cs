using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>ROC AUC and average precision of the scores of several labels. It keeps every score; <see cref="MultiLabelAccumulator"/> and <see cref="LabelRankingAccumulator"/> have the figures that take constant memory.</summary>
/// <param name="labels">How many labels there are; at least 1.</param>
public sealed class MultiLabelScoreAccumulator(int labels)
{
    private readonly List<double> _scores = [];
    private readonly List<bool> _actual = [];
    private readonly List<double> _weights = [];
    private double[] _widened = [];
    private double _weight;
    private double _rocAucs;
    private double _averagePrecisions;

    /// <summary>How many labels there are.</summary>
    public int Labels { get; } = Require.AtLeast(labels, 1);

    /// <summary>Rows seen.</summary>
    public long Rows => _weights.Count;

    /// <summary>Counts a row.</summary>
    /// <param name="actual">[labels]: which it has.</param>
    /// <param name="scores">[labels]: finite.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A score is NaN or infinite, there is not one entry a label, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<bool> actual, ReadOnlySpan<double> scores, double weight = 1)
    {
        Row.Length(actual.Length, Labels, Rows, "actual labels");
        Row.Length(scores.Length, Labels, Rows, nameof(scores));
        Row.Finite(scores, Rows, "score");
        _weight += Row.Weight(weight, Rows);
        if (weight != 0)
        {
            BinaryScoreMetrics among = new(scores, actual, default);
            _rocAucs += weight * among.RocAuc;
            _averagePrecisions += weight * among.AveragePrecision;
        }
        _scores.AddRange(scores);
        _actual.AddRange(actual);
        _weights.Add(weight);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{bool}, ReadOnlySpan{double}, double)"/>
    public void Add(ReadOnlySpan<bool> actual, ReadOnlySpan<float> scores, double weight = 1) => Add(actual, Row.Widen(scores, ref _widened), weight);

    /// <summary>Adds the rows of another accumulator after this one's.</summary>
    /// <exception cref="ArgumentException">It has another number of labels.</exception>
    public void Merge(MultiLabelScoreAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Labels == Labels, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same labels; this one has {Labels}, the other {other.Labels}."), nameof(other));
        _scores.AddRange(other._scores.ToArray());
        _actual.AddRange(other._actual.ToArray());
        _weights.AddRange(other._weights.ToArray());
        _weight += other._weight;
        _rocAucs += other._rocAucs;
        _averagePrecisions += other._averagePrecisions;
    }

    /// <summary>The metrics of what was seen; sorts the rows for each label.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public MultiLabelScoreMetrics Compute()
    {
        Row.Some(Rows, _weight);
        int rows = _weights.Count;
        BinaryScoreMetrics[] perLabel = new BinaryScoreMetrics[Labels];
        double[] support = new double[Labels], column = new double[rows], cellWeights = new double[_scores.Count];
        bool[] own = new bool[rows];
        for (int label = 0; label < Labels; label++)
        {
            for (int i = 0; i < rows; i++)
            {
                (column[i], own[i]) = (_scores[(i * Labels) + label], _actual[(i * Labels) + label]);
                if (own[i]) support[label] += _weights[i];
                cellWeights[(i * Labels) + label] = _weights[i];
            }
            perLabel[label] = new BinaryScoreMetrics(column, own, CollectionsMarshal.AsSpan(_weights));
        }
        BinaryScoreMetrics micro = new(CollectionsMarshal.AsSpan(_scores), CollectionsMarshal.AsSpan(_actual), cellWeights);
        return new MultiLabelScoreMetrics(perLabel, support, micro, _rocAucs / _weight, _averagePrecisions / _weight);
    }
}
