using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Calibration of every class's probability by bins of equal width, in constant memory.</summary>
public sealed class ClasswiseCalibrationAccumulator
{
    private readonly CalibrationAccumulator[] _classes;
    private double[] _widened = [];

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="classes">How many classes there are; at least 1.</param>
    /// <param name="bins">How many bins; default 15; at least 1.</param>
    public ClasswiseCalibrationAccumulator(int classes, int bins = 15) => _classes = [.. Enumerable.Range(0, Require.AtLeast(classes, 1)).Select(_ => new CalibrationAccumulator(bins))];

    /// <summary>How many classes there are.</summary>
    public int Classes => _classes.Length;

    /// <summary>Rows seen.</summary>
    public long Rows => _classes[0].Rows;

    /// <summary>Counts a row.</summary>
    /// <param name="probabilities">[classes]: from 0 to 1.</param>
    /// <param name="actual">The row's class.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A probability is NaN or outside 0 to 1, there is not one a class, the class doesn't exist, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<double> probabilities, int actual, double weight = 1)
    {
        Row.Length(probabilities.Length, Classes, Rows, nameof(probabilities));
        Row.Probabilities(probabilities, Rows);
        Row.Class(actual, Classes, Rows, "actual class", nameof(actual));
        for (int i = 0; i < Classes; i++) _classes[i].Add(probabilities[i], i == actual, weight);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{double}, int, double)"/>
    public void Add(ReadOnlySpan<float> probabilities, int actual, double weight = 1) => Add(Row.Widen(probabilities, ref _widened), actual, weight);

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It has another number of classes or bins.</exception>
    public void Merge(ClasswiseCalibrationAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Classes == Classes, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same classes; this one has {Classes}, the other {other.Classes}."), nameof(other));
        for (int i = 0; i < Classes; i++) _classes[i].Merge(other._classes[i]);
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public ClasswiseCalibrationMetrics Compute() => new([.. _classes.Select(accumulator => accumulator.Compute())]);
}
