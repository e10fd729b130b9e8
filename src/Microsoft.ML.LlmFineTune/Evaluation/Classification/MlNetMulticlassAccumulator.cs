using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// The figures of ML.NET's multiclass evaluator from float32 probabilities, streaming. They differ from scikit-learn's: probabilities are clipped at 1e-15, ties in top-k go to the lower class,
/// and labels outside the classes are allowed. Memory: one number for each two classes.
/// </summary>
public sealed class MlNetMulticlassAccumulator
{
    private const float Floor = 1e-15f;
    private readonly double[,] _cells;
    private readonly double[] _logLoss;
    private readonly long[] _ranks;
    private double _outsideLogLoss;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="classes">How many classes there are; at least 1.</param>
    public MlNetMulticlassAccumulator(int classes) => (_cells, _logLoss, _ranks) = (new double[Require.AtLeast(classes, 1), classes], new double[classes], new long[classes]);

    /// <summary>How many classes there are.</summary>
    public int Classes => _ranks.Length;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="probabilities">[classes]: not NaN.</param>
    /// <param name="actual">The row's class; one outside the classes (a key that the model never saw) costs the greatest loss and is right in no way.</param>
    /// <exception cref="ArgumentException">A probability is NaN, or there is not one a class; the message names the row.</exception>
    public void Add(ReadOnlySpan<float> probabilities, int actual)
    {
        Row.Length(probabilities.Length, Classes, Rows, nameof(probabilities));
        foreach (float probability in probabilities) Row.Finite(probability, Rows, "probability");
        Rows++;
        if ((uint)actual >= (uint)Classes)
        {
            _outsideLogLoss -= Math.Log(Floor);
            return;
        }
        float own = probabilities[actual];
        _cells[actual, TensorPrimitives.IndexOfMax(probabilities)]++;
        _logLoss[actual] -= Math.Log(Math.Min(1, Math.Max(Floor, own)));
        int rank = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] > own || (probabilities[i] == own && i < actual)) rank++;
        }
        _ranks[rank]++;
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It has another number of classes.</exception>
    public void Merge(MlNetMulticlassAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Classes == Classes, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same classes; this one has {Classes}, the other {other.Classes}."), nameof(other));
        for (int i = 0; i < Classes; i++)
        {
            _logLoss[i] += other._logLoss[i];
            _ranks[i] += other._ranks[i];
            for (int j = 0; j < Classes; j++) _cells[i, j] += other._cells[i, j];
        }
        _outsideLogLoss += other._outsideLogLoss;
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <exception cref="InvalidOperationException">There are no rows.</exception>
    public MlNetMulticlassMetrics Compute()
    {
        Row.Some(Rows);
        ConfusionMatrix matrix = new(_cells);
        double[] counts = [.. Enumerable.Range(0, Classes).Select(matrix.ActualTotal)];
        double entropy = -counts.Where(count => count > 0).Sum(count => count / Rows * Math.Log(count / Rows));
        long within = 0;
        double[] topK = [.. _ranks.Select(count => (double)(within += count) / Rows)];
        return new MlNetMulticlassMetrics(Rows, matrix.Correct / Rows, matrix.BalancedAccuracy(), (_logLoss.Sum() + _outsideLogLoss) / Rows, entropy == 0 ? 0 : entropy,
            [.. _logLoss.Zip(counts, (loss, count) => Ratio.Of(loss, count, ZeroDivision.Zero))], topK, matrix);
    }
}
