using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Errors of predicted numbers, in constant memory. <see cref="MedianErrorAccumulator"/> and <see cref="CorrelationAccumulator"/> have the figures that need all rows.</summary>
public sealed class RegressionAccumulator
{
    // numpy's finfo(float64).eps, the reference's least denominator.
    private const double Epsilon = 2.220446049250313e-16;
    private Moments _actual;
    private Moments _errors;
    private double _squares;
    private double _absolute;
    private double _relative;
    private double _maximum;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="actual">What it is; finite.</param>
    /// <param name="predicted">The prediction; finite.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A number is NaN or infinite, or the weight is refused; the message names the row.</exception>
    public void Add(double actual, double predicted, double weight = 1)
    {
        Row.Finite(actual, Rows, "actual value");
        Row.Finite(predicted, Rows, "predicted value");
        Row.Weight(weight, Rows);
        double error = actual - predicted, size = Math.Abs(error);
        _actual.Add(actual, weight);
        _errors.Add(error, weight);
        _squares += weight * (error * error);
        _absolute += weight * size;
        _relative += weight * (size / Math.Max(Math.Abs(actual), Epsilon));
        _maximum = Math.Max(_maximum, size);
        Rows++;
    }

    /// <summary>Counts rows.</summary>
    /// <param name="actual">What they are; finite.</param>
    /// <param name="predicted">The predictions, as many; finite.</param>
    /// <param name="weights">Their weights, as many; default none: 1 each.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a row is refused.</exception>
    public void AddRange(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted, ReadOnlySpan<double> weights = default)
    {
        Row.SameLength(actual.Length, predicted.Length, weights.Length);
        for (int i = 0; i < actual.Length; i++) Add(actual[i], predicted[i], weights.IsEmpty ? 1 : weights[i]);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    public void Merge(RegressionAccumulator other)
    {
        Row.Other(this, other);
        _actual.Merge(other._actual);
        _errors.Merge(other._errors);
        _squares += other._squares;
        _absolute += other._absolute;
        _relative += other._relative;
        _maximum = Math.Max(_maximum, other._maximum);
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public RegressionMetrics Compute()
    {
        double weight = _actual.Weight;
        Row.Some(Rows, weight);
        return new RegressionMetrics(_actual, _errors)
        {
            Rows = Rows,
            MeanSquaredError = _squares / weight,
            MeanAbsoluteError = _absolute / weight,
            MeanAbsolutePercentageError = _relative / weight,
            MaximumError = _maximum,
        };
    }
}
