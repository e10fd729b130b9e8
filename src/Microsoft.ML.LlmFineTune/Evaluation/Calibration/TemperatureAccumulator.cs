using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Fits the temperature that minimises the mean negative log-likelihood of softmax(logits / T). It keeps every logit. In 1/T the loss is convex, so its slope has one zero at most:
/// it is found by Newton's steps, kept within a bracket that bisection narrows, to the precision of doubles.
/// </summary>
/// <param name="classes">How many classes there are; at least 2.</param>
public sealed class TemperatureAccumulator(int classes)
{
    // Logits less their row's largest: an offset of a row changes no softmax.
    private readonly List<double> _logits = [];
    private readonly List<int> _actual = [];
    private readonly List<double> _weights = [];
    private double[] _widened = [];

    /// <summary>How many classes there are.</summary>
    public int Classes { get; } = Require.AtLeast(classes, 2);

    /// <summary>Rows seen.</summary>
    public long Rows => _actual.Count;

    /// <summary>Counts a row.</summary>
    /// <param name="logits">[classes]: finite; logarithms of probabilities do, too.</param>
    /// <param name="actual">The row's class.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A logit is NaN or infinite, the class doesn't exist, there is not one logit a class, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<double> logits, int actual, double weight = 1)
    {
        Row.Length(logits.Length, Classes, Rows, nameof(logits));
        Row.Finite(logits, Rows, "logit");
        Row.Class(actual, Classes, Rows, "actual class", nameof(actual));
        _weights.Add(Row.Weight(weight, Rows));
        double largest = TensorPrimitives.Max(logits);
        foreach (double logit in logits) _logits.Add(logit - largest);
        _actual.Add(actual);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{double}, int, double)"/>
    public void Add(ReadOnlySpan<float> logits, int actual, double weight = 1) => Add(Row.Widen(logits, ref _widened), actual, weight);

    /// <summary>Adds the rows of another accumulator after this one's.</summary>
    /// <exception cref="ArgumentException">It has another number of classes.</exception>
    public void Merge(TemperatureAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Classes == Classes, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same classes; this one has {Classes}, the other {other.Classes}."), nameof(other));
        _logits.AddRange(other._logits.ToArray());
        _actual.AddRange(other._actual.ToArray());
        _weights.AddRange(other._weights.ToArray());
    }

    /// <summary>Fits the temperature to what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public TemperatureScaling Compute()
    {
        Row.Some(Rows, _weights.Sum());
        double before = At(1).Loss;
        ReadOnlySpan<double> logits = CollectionsMarshal.AsSpan(_logits);
        bool flat = true, separable = true;
        for (int i = 0; i < _actual.Count; i++)
        {
            if (_weights[i] == 0) continue;
            ReadOnlySpan<double> row = logits.Slice(i * Classes, Classes);
            // The largest logit is 0.
            if (TensorPrimitives.Min(row) != 0) flat = false;
            if (row[_actual[i]] != 0) separable = false;
        }
        if (flat) return new TemperatureScaling(TemperatureOutcome.Flat, null, before, null);
        if (separable) return new TemperatureScaling(TemperatureOutcome.Separable, null, before, null);
        if (At(0).Slope >= 0) return new TemperatureScaling(TemperatureOutcome.Uninformative, null, before, null);
        double scale = Minimum();
        return new TemperatureScaling(TemperatureOutcome.Fitted, 1 / scale, before, At(scale).Loss);
    }

    private double Minimum()
    {
        (double low, double high) = (0, 1);
        while (At(high).Slope < 0) (low, high) = (high, high * 2);
        double scale = (low + high) / 2;
        while (true)
        {
            (_, double slope, double curvature) = At(scale);
            if (slope == 0) return scale;
            if (slope < 0) low = scale;
            else high = scale;
            double next = scale - (slope / curvature);
            if (!(next > low && next < high)) next = low + ((high - low) / 2);
            if (Math.Abs(next - scale) <= 4e-16 * scale || high - low <= 4e-16 * high) return next;
            scale = next;
        }
    }

    /// <summary>Mean loss at a scale (1/T), and its first two derivatives: the logits' mean less the label's logit, and their variance.</summary>
    private (double Loss, double Slope, double Curvature) At(double scale)
    {
        ReadOnlySpan<double> logits = CollectionsMarshal.AsSpan(_logits);
        (double loss, double slope, double curvature, double total) = (0, 0, 0, 0);
        for (int i = 0; i < _actual.Count; i++)
        {
            ReadOnlySpan<double> row = logits.Slice(i * Classes, Classes);
            (double sum, double first, double second) = (0, 0, 0);
            foreach (double logit in row)
            {
                double share = Math.Exp(scale * logit);
                sum += share;
                first += share * logit;
                second += share * logit * logit;
            }
            (double mean, double weight, double own) = (first / sum, _weights[i], row[_actual[i]]);
            loss += weight * (Math.Log(sum) - (scale * own));
            slope += weight * (mean - own);
            curvature += weight * ((second / sum) - (mean * mean));
            total += weight;
        }
        return (loss / total, slope / total, curvature / total);
    }
}
