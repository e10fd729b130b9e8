using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Log loss and Brier score of the probabilities of a positive class, in constant memory.</summary>
/// <param name="options">Default null: the defaults.</param>
public sealed class BinaryProbabilityAccumulator(ProbabilityOptions? options = null)
{
    private readonly ProbabilityOptions _options = options ?? new ProbabilityOptions();
    private double _weight;
    private double _positive;
    private double _logLoss;
    private double _squares;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="positive">Whether it is of the positive class.</param>
    /// <param name="probability">The probability of the positive class; from 0 to 1.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">The probability is NaN or outside 0 to 1, or the weight is refused; the message names the row.</exception>
    public void Add(bool positive, double probability, double weight = 1)
    {
        Row.Probability(probability, Rows);
        _weight += Row.Weight(weight, Rows);
        if (positive) _positive += weight;
        // The probability of the negative class is clipped as itself, so that a tiny probability of the positive class costs nothing.
        _logLoss += weight * _options.LogLoss(positive ? probability : 1 - probability);
        double error = probability - (positive ? 1 : 0);
        _squares += weight * error * error;
        Rows++;
    }

    /// <summary>Counts rows.</summary>
    /// <param name="positive">Whether each is of the positive class.</param>
    /// <param name="probabilities">Their probabilities, as many; from 0 to 1.</param>
    /// <param name="weights">Their weights, as many; default none: 1 each.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a row is refused.</exception>
    public void AddRange(ReadOnlySpan<bool> positive, ReadOnlySpan<double> probabilities, ReadOnlySpan<double> weights = default)
    {
        Row.SameLength(positive.Length, probabilities.Length, weights.Length);
        for (int i = 0; i < probabilities.Length; i++) Add(positive[i], probabilities[i], weights.IsEmpty ? 1 : weights[i]);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    public void Merge(BinaryProbabilityAccumulator other)
    {
        Row.Other(this, other);
        _weight += other._weight;
        _positive += other._positive;
        _logLoss += other._logLoss;
        _squares += other._squares;
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public BinaryProbabilityMetrics Compute()
    {
        Row.Some(Rows, _weight);
        return new BinaryProbabilityMetrics(Rows, _weight, _positive / _weight, _logLoss / _weight, _logLoss, _squares / _weight);
    }
}
