using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well sets of labels are predicted: counts by label and sums over rows, in constant memory.</summary>
public sealed class MultiLabelAccumulator
{
    private readonly MultiLabelOptions _options;
    private readonly IReadOnlyList<string> _labelNames;
    private readonly LabelCounts[] _counts;

    // Precision, recall, F and Jaccard of the rows: weighted sums where defined, and the weights of those rows.
    private readonly double[] _sampleSums = new double[4];
    private readonly double[] _sampleWeights = new double[4];
    private bool[] _predicted = [];
    private double _weight;
    private double _exact;
    private double _wrong;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="labels">How many labels there are; at least 1.</param>
    /// <param name="options">Default null: the defaults.</param>
    /// <param name="labelNames">The labels' names, for reports; default null: "0", "1", ...</param>
    public MultiLabelAccumulator(int labels, MultiLabelOptions? options = null, IReadOnlyList<string>? labelNames = null)
    {
        _counts = new LabelCounts[Require.AtLeast(labels, 1)];
        Require.Argument(labelNames is null || labelNames.Count == labels, string.Create(CultureInfo.InvariantCulture, $"There must be a name for each of the {labels} labels; received {labelNames?.Count}."), nameof(labelNames));
        _labelNames = labelNames ?? [.. Enumerable.Range(0, labels).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        _options = options ?? new MultiLabelOptions();
    }

    /// <summary>How many labels there are.</summary>
    public int Labels => _counts.Length;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="actual">[labels]: which it has.</param>
    /// <param name="predicted">[labels]: which were predicted.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">There is not one entry a label, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<bool> actual, ReadOnlySpan<bool> predicted, double weight = 1)
    {
        Row.Length(actual.Length, Labels, Rows, "actual labels");
        Row.Length(predicted.Length, Labels, Rows, "predicted labels");
        _weight += Row.Weight(weight, Rows);
        (int right, int there, int answered, int wrong) = (0, 0, 0, 0);
        for (int i = 0; i < Labels; i++)
        {
            _counts[i] = _counts[i].Plus(LabelCounts.Of(actual[i], predicted[i], weight));
            if (actual[i]) there++;
            if (predicted[i]) answered++;
            if (actual[i] && predicted[i]) right++;
            if (actual[i] != predicted[i]) wrong++;
        }
        if (wrong == 0) _exact += weight;
        _wrong += weight * wrong;
        ClassScores scores = Ratio.Scores(right, there, answered, _options.Beta, _options.ZeroDivision);
        AddSample(0, scores.Precision, weight);
        AddSample(1, scores.Recall, weight);
        AddSample(2, scores.FScore, weight);
        AddSample(3, scores.Jaccard, weight);
        Rows++;
    }

    /// <summary>Counts a row by its scores: a label is predicted where its score is at least <see cref="MultiLabelOptions.Threshold"/>.</summary>
    /// <param name="actual">[labels]: which it has.</param>
    /// <param name="scores">[labels]: finite.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A score is NaN or infinite, there is not one entry a label, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<bool> actual, ReadOnlySpan<double> scores, double weight = 1)
    {
        Row.Length(scores.Length, Labels, Rows, nameof(scores));
        Row.Finite(scores, Rows, "score");
        if (_predicted.Length == 0) _predicted = new bool[Labels];
        for (int i = 0; i < Labels; i++) _predicted[i] = scores[i] >= _options.Threshold;
        Add(actual, _predicted, weight);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It has another number of labels, or other options.</exception>
    public void Merge(MultiLabelAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Labels == Labels && other._options == _options, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same labels and options; this one has {Labels} and {_options}, the other {other.Labels} and {other._options}."), nameof(other));
        for (int i = 0; i < Labels; i++) _counts[i] = _counts[i].Plus(other._counts[i]);
        for (int i = 0; i < _sampleSums.Length; i++)
        {
            _sampleSums[i] += other._sampleSums[i];
            _sampleWeights[i] += other._sampleWeights[i];
        }
        _weight += other._weight;
        _exact += other._exact;
        _wrong += other._wrong;
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public MultiLabelMetrics Compute()
    {
        Row.Some(Rows, _weight);
        ClassScores[] perLabel = [.. _counts.Select(counts => counts.Scores(_options))];
        ClassScores together = _counts.Aggregate((left, right) => left.Plus(right)).Scores(_options);
        return new MultiLabelMetrics
        {
            Rows = Rows,
            LabelNames = _labelNames,
            SubsetAccuracy = _exact / _weight,
            HammingLoss = _wrong / (_weight * Labels),
            Counts = [.. _counts],
            PerLabel = perLabel,
            Micro = new AverageScores(together.Precision, together.Recall, together.FScore, together.Jaccard),
            Macro = Ratio.Mean(perLabel, bySupport: false),
            Weighted = Ratio.Mean(perLabel, bySupport: true),
            Samples = new AverageScores(Sample(0), Sample(1), Sample(2), Sample(3)),
        };
    }

    private void AddSample(int score, double value, double weight)
    {
        if (double.IsNaN(value)) return;
        _sampleSums[score] += weight * value;
        _sampleWeights[score] += weight;
    }

    private double Sample(int score) => _sampleWeights[score] == 0 ? double.NaN : _sampleSums[score] / _sampleWeights[score];
}
