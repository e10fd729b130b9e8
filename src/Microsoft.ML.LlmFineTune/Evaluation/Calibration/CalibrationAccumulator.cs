using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Calibration by bins of equal width, in constant memory. Bin i of b holds the confidences in (i/b, (i+1)/b]; a confidence of 0 is in none, but counts as a row.</summary>
public sealed class CalibrationAccumulator
{
    private readonly (double Weight, double Right, double Confidence)[] _bins;
    private double[] _widened = [];
    private double _weight;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="bins">How many bins; default 15; at least 1.</param>
    public CalibrationAccumulator(int bins = 15) => _bins = new (double, double, double)[Require.AtLeast(bins, 1)];

    /// <summary>How many bins there are.</summary>
    public int Bins => _bins.Length;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a prediction.</summary>
    /// <param name="confidence">The probability that the model gave to its answer, or to the positive class; from 0 to 1.</param>
    /// <param name="right">Whether the answer was right, or the row positive.</param>
    /// <param name="weight">The row's weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">The confidence is NaN or outside 0 to 1, or the weight is refused; the message names the row.</exception>
    public void Add(double confidence, bool right, double weight = 1)
    {
        Row.Probability(confidence, Rows, nameof(confidence));
        _weight += Row.Weight(weight, Rows);
        if (BinOf(confidence) is int bin and >= 0)
        {
            ref (double Weight, double Right, double Confidence) sums = ref _bins[bin];
            sums = (sums.Weight + weight, sums.Right + (right ? weight : 0), sums.Confidence + (weight * confidence));
        }
        Rows++;
    }

    /// <summary>Counts a row by its probabilities: the confidence is the largest, the answer the first class that has it.</summary>
    /// <param name="probabilities">[classes]: from 0 to 1.</param>
    /// <param name="actual">The row's class.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A probability is NaN or outside 0 to 1, the class doesn't exist, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<double> probabilities, int actual, double weight = 1)
    {
        Row.Probabilities(probabilities, Rows);
        Row.Class(actual, probabilities.Length, Rows, "actual class", nameof(actual));
        int answer = TensorPrimitives.IndexOfMax(probabilities);
        Add(probabilities[answer], answer == actual, weight);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{double}, int, double)"/>
    public void Add(ReadOnlySpan<float> probabilities, int actual, double weight = 1) => Add(Row.Widen(probabilities, ref _widened), actual, weight);

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It has another number of bins.</exception>
    public void Merge(CalibrationAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Bins == Bins, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same bins; this one has {Bins}, the other {other.Bins}."), nameof(other));
        for (int i = 0; i < Bins; i++)
        {
            (double weight, double right, double confidence) = other._bins[i];
            _bins[i] = (_bins[i].Weight + weight, _bins[i].Right + right, _bins[i].Confidence + confidence);
        }
        _weight += other._weight;
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public CalibrationMetrics Compute()
    {
        Row.Some(Rows, _weight);
        return new CalibrationMetrics(Rows, _weight, [.. _bins.Select((sums, i) => CalibrationBin.Of(Edge(i), Edge(i + 1), sums.Weight, sums.Right, sums.Confidence))]);
    }

    // The edges are the doubles i / b: a product with 1 / b would put some of them elsewhere.
    private double Edge(int i) => (double)i / Bins;

    private int BinOf(double confidence)
    {
        int bin = Math.Clamp((int)Math.Ceiling(confidence * Bins) - 1, 0, Bins - 1);
        while (bin >= 0 && confidence <= Edge(bin)) bin--;
        while (bin >= 0 && confidence > Edge(bin + 1)) bin++;
        return bin;
    }
}
