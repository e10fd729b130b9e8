using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Correlation of two lists of numbers, by value (Pearson) and by rank (Spearman, Kendall). It keeps every number, since ranks are of all rows.</summary>
public sealed class CorrelationAccumulator
{
    private readonly List<double> _actual = [];
    private readonly List<double> _predicted = [];

    /// <summary>Rows seen.</summary>
    public long Rows => _actual.Count;

    /// <summary>Counts a row.</summary>
    /// <param name="actual">What it is; NaN makes every coefficient NaN, as in scipy.</param>
    /// <param name="predicted">The prediction; NaN makes every coefficient NaN.</param>
    public void Add(double actual, double predicted)
    {
        _actual.Add(actual);
        _predicted.Add(predicted);
    }

    /// <summary>Counts rows.</summary>
    /// <param name="actual">What they are.</param>
    /// <param name="predicted">The predictions, as many.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void AddRange(ReadOnlySpan<double> actual, ReadOnlySpan<double> predicted)
    {
        Row.SameLength(actual.Length, predicted.Length);
        _actual.AddRange(actual);
        _predicted.AddRange(predicted);
    }

    /// <summary>Adds the rows of another accumulator after this one's.</summary>
    public void Merge(CorrelationAccumulator other)
    {
        Row.Other(this, other);
        AddRange(other._actual.ToArray(), other._predicted.ToArray());
    }

    /// <summary>The metrics of what was seen. Of no rows, too: coefficients of ranks are NaN then.</summary>
    public CorrelationMetrics Compute() => new(_actual, _predicted);
}
