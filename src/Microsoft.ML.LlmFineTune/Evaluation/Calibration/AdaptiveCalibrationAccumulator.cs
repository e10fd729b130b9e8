using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Calibration by bins of equal numbers of rows: the rows are sorted by confidence (equal ones stay in their order) and cut into groups, of which the first are one row longer where the number doesn't divide.
/// It keeps every confidence, since the groups depend on all rows. Source: Nixon et al., 2019 ("Measuring calibration in deep learning").
/// </summary>
/// <param name="bins">How many groups; default 15; at least 1. Groups without rows are left out.</param>
public sealed class AdaptiveCalibrationAccumulator(int bins = 15)
{
    private readonly List<(double Confidence, bool Right)> _rows = [];
    private double[] _widened = [];

    /// <summary>How many groups there are.</summary>
    public int Bins { get; } = Require.AtLeast(bins, 1);

    /// <summary>Rows seen.</summary>
    public long Rows => _rows.Count;

    /// <summary>Counts a prediction.</summary>
    /// <param name="confidence">The probability that the model gave to its answer, or to the positive class; from 0 to 1.</param>
    /// <param name="right">Whether the answer was right, or the row positive.</param>
    /// <exception cref="ArgumentException">The confidence is NaN or outside 0 to 1; the message names the row.</exception>
    public void Add(double confidence, bool right) => _rows.Add((Row.Probability(confidence, Rows, nameof(confidence)), right));

    /// <summary>Counts a row by its probabilities: the confidence is the largest, the answer the first class that has it.</summary>
    /// <param name="probabilities">[classes]: from 0 to 1.</param>
    /// <param name="actual">The row's class.</param>
    /// <exception cref="ArgumentException">A probability is NaN or outside 0 to 1, or the class doesn't exist; the message names the row.</exception>
    public void Add(ReadOnlySpan<double> probabilities, int actual)
    {
        Row.Probabilities(probabilities, Rows);
        Row.Class(actual, probabilities.Length, Rows, "actual class", nameof(actual));
        int answer = TensorPrimitives.IndexOfMax(probabilities);
        Add(probabilities[answer], answer == actual);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{double}, int)"/>
    public void Add(ReadOnlySpan<float> probabilities, int actual) => Add(Row.Widen(probabilities, ref _widened), actual);

    /// <summary>Adds the rows of another accumulator after this one's.</summary>
    /// <exception cref="ArgumentException">It has another number of bins.</exception>
    public void Merge(AdaptiveCalibrationAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Bins == Bins, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same bins; this one has {Bins}, the other {other.Bins}."), nameof(other));
        _rows.AddRange(other._rows.ToArray());
    }

    /// <summary>The metrics of what was seen; sorts the rows.</summary>
    /// <exception cref="InvalidOperationException">There are no rows.</exception>
    public CalibrationMetrics Compute()
    {
        Row.Some(Rows);
        (double Confidence, bool Right)[] sorted = [.. _rows.OrderBy(row => row.Confidence)];
        List<CalibrationBin> groups = [];
        int start = 0;
        for (int i = 0; i < Bins && start < sorted.Length; i++)
        {
            int length = (sorted.Length / Bins) + (i < sorted.Length % Bins ? 1 : 0);
            ReadOnlySpan<(double Confidence, bool Right)> group = sorted.AsSpan(start, length);
            (double right, double confidence) = (0, 0);
            foreach ((double Confidence, bool Right) row in group) (right, confidence) = (right + (row.Right ? 1 : 0), confidence + row.Confidence);
            groups.Add(CalibrationBin.Of(group[0].Confidence, group[^1].Confidence, length, right, confidence));
            start += length;
        }
        return new CalibrationMetrics(Rows, Rows, groups);
    }
}
