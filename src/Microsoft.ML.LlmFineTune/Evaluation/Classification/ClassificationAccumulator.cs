using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well a classifier with known classes answers: weights counted by actual and predicted class, divided once. Memory: one number for each two classes. <see cref="LabelAccumulator{TLabel}"/> finds out the classes itself.</summary>
public sealed class ClassificationAccumulator
{
    private readonly double[,] _cells;
    private readonly bool[] _occurs;
    private readonly IReadOnlyList<string>? _classNames;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="classes">How many classes there are; at least 1.</param>
    /// <param name="classNames">Their names, for reports; default null: "0", "1", ...</param>
    public ClassificationAccumulator(int classes, IReadOnlyList<string>? classNames = null)
    {
        _cells = new double[Require.AtLeast(classes, 1), classes];
        _occurs = new bool[classes];
        Require.Argument(classNames is null || classNames.Count == classes, string.Create(CultureInfo.InvariantCulture, $"There must be a name for each of the {classes} classes; received {classNames?.Count}."), nameof(classNames));
        _classNames = classNames;
    }

    /// <summary>How many classes there are.</summary>
    public int Classes => _occurs.Length;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="actual">Its class.</param>
    /// <param name="predicted">The answer.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A class doesn't exist, or the weight is negative or not finite; the message names the row.</exception>
    public void Add(int actual, int predicted, double weight = 1)
    {
        Row.Class(actual, Classes, Rows, "actual class", nameof(actual));
        Row.Class(predicted, Classes, Rows, "predicted class", nameof(predicted));
        _cells[actual, predicted] += Row.Weight(weight, Rows);
        _occurs[actual] = true;
        Rows++;
    }

    /// <summary>Counts rows.</summary>
    /// <param name="actual">Their classes.</param>
    /// <param name="predicted">The answers, as many.</param>
    /// <param name="weights">Their weights, as many; default none: 1 each.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a row is refused.</exception>
    public void AddRange(ReadOnlySpan<int> actual, ReadOnlySpan<int> predicted, ReadOnlySpan<double> weights = default)
    {
        Row.SameLength(actual.Length, predicted.Length, weights.Length);
        for (int i = 0; i < actual.Length; i++) Add(actual[i], predicted[i], weights.IsEmpty ? 1 : weights[i]);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It has another number of classes.</exception>
    public void Merge(ClassificationAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Classes == Classes, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same classes; this one has {Classes}, the other {other.Classes}."), nameof(other));
        for (int actual = 0; actual < Classes; actual++)
        {
            _occurs[actual] |= other._occurs[actual];
            for (int predicted = 0; predicted < Classes; predicted++) _cells[actual, predicted] += other._cells[actual, predicted];
        }
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <param name="options">Default null: F1, denominators of 0 give 0.</param>
    /// <param name="classes">The classes that per-class scores, their means, the confusion matrix and kappa are about, in this order; default null: all (scikit-learn: <c>labels</c>).</param>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public ClassificationMetrics Compute(ClassificationOptions? options = null, IReadOnlyList<int>? classes = null) => new(new ConfusionMatrix(_cells, _classNames), Rows, i => _occurs[i], classes, options);
}
