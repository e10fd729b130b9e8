using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Ranking of positive and negative rows by a score: ROC AUC, average precision and their curves. It keeps every score (17 bytes a row), since these figures are of the order of all rows;
/// <see cref="BinaryProbabilityAccumulator"/> has those that take constant memory.
/// </summary>
public sealed class BinaryScoreAccumulator
{
    private readonly List<double> _scores = [];
    private readonly List<bool> _positive = [];
    private readonly List<double> _weights = [];

    /// <summary>Rows seen.</summary>
    public long Rows => _scores.Count;

    /// <summary>Counts a row.</summary>
    /// <param name="positive">Whether it is of the positive class.</param>
    /// <param name="score">Its score, of any scale: the higher, the more positive; finite.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">The score is NaN or infinite, or the weight is refused; the message names the row.</exception>
    public void Add(bool positive, double score, double weight = 1)
    {
        Row.Finite(score, Rows, nameof(score));
        Row.Weight(weight, Rows);
        // Weights are stored from the first one on that is not 1.
        if (_weights.Count > 0 || weight != 1)
        {
            if (_weights.Count == 0) _weights.AddRange(Enumerable.Repeat(1.0, _scores.Count));
            _weights.Add(weight);
        }
        _scores.Add(score);
        _positive.Add(positive);
    }

    /// <summary>Counts rows.</summary>
    /// <param name="positive">Whether each is of the positive class.</param>
    /// <param name="scores">Their scores, as many; finite.</param>
    /// <param name="weights">Their weights, as many; default none: 1 each.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a row is refused.</exception>
    public void AddRange(ReadOnlySpan<bool> positive, ReadOnlySpan<double> scores, ReadOnlySpan<double> weights = default)
    {
        Row.SameLength(positive.Length, scores.Length, weights.Length);
        for (int i = 0; i < scores.Length; i++) Add(positive[i], scores[i], weights.IsEmpty ? 1 : weights[i]);
    }

    /// <summary>Adds the rows of another accumulator after this one's.</summary>
    public void Merge(BinaryScoreAccumulator other)
    {
        Row.Other(this, other);
        for (int i = 0, count = other._scores.Count; i < count; i++) Add(other._positive[i], other._scores[i], other._weights.Count == 0 ? 1 : other._weights[i]);
    }

    /// <summary>The metrics of what was seen; sorts the rows.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public BinaryScoreMetrics Compute() => new(CollectionsMarshal.AsSpan(_scores), CollectionsMarshal.AsSpan(_positive), CollectionsMarshal.AsSpan(_weights));
}
