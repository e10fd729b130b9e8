using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Median of absolute errors; it keeps every error. Source: scikit-learn's <c>median_absolute_error</c>.</summary>
public sealed class MedianErrorAccumulator
{
    private readonly List<(double Error, double Weight)> _rows = [];

    /// <summary>Rows seen.</summary>
    public long Rows => _rows.Count;

    /// <summary>Counts a row.</summary>
    /// <param name="actual">What it is; finite.</param>
    /// <param name="predicted">The prediction; finite.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A number is NaN or infinite, or the weight is refused; the message names the row.</exception>
    public void Add(double actual, double predicted, double weight = 1)
    {
        Row.Finite(actual, Rows, "actual value");
        Row.Finite(predicted, Rows, "predicted value");
        _rows.Add((Math.Abs(actual - predicted), Row.Weight(weight, Rows)));
    }

    /// <summary>Adds the rows of another accumulator.</summary>
    public void Merge(MedianErrorAccumulator other) => _rows.AddRange(Row.Other(this, other)._rows);

    /// <summary>
    /// The error, in the unit of the values, that half of the weight does not exceed; the mean of the two errors where the half falls between them (so that equal weights give the common median).
    /// </summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public double Compute()
    {
        (double Error, double Weight)[] sorted = [.. _rows.Where(row => row.Weight > 0).OrderBy(row => row.Error)];
        double half = sorted.Sum(row => row.Weight) / 2, below = 0;
        Row.Some(Rows, half);
        int at = -1;
        while (below < half && at + 1 < sorted.Length) below += sorted[++at].Weight;
        // The reference calls it even within the spacing of doubles at 1.
        bool between = below - half <= 2.220446049250313e-16 && at + 1 < sorted.Length;
        return between ? (sorted[at].Error + sorted[at + 1].Error) / 2 : sorted[at].Error;
    }
}
