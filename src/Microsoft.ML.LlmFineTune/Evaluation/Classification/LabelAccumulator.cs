using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// How well labels of any kind were predicted, the classes being the labels that occur: weights counted by actual and predicted label, divided once.
/// Memory: one number for each pair of labels that was seen. Where the classes are known beforehand, <see cref="ClassificationAccumulator"/> refuses others.
/// </summary>
/// <typeparam name="TLabel">The labels: texts, numbers, enumerations...</typeparam>
public sealed class LabelAccumulator<TLabel> where TLabel : notnull
{
    private readonly IComparer<TLabel> _order;
    private readonly Dictionary<TLabel, int> _index = [];
    private readonly Dictionary<(int Actual, int Predicted), double> _cells = [];

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="order">Order of the labels; default null: texts by code point (as Python, unlike ordinal UTF-16 order beyond the basic plane), other types by their own order.</param>
    public LabelAccumulator(IComparer<TLabel>? order = null) => _order = order ?? CodePointComparer.Instance as IComparer<TLabel> ?? Comparer<TLabel>.Default;

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>The labels seen so far, actual and predicted ones, in order.</summary>
    public IReadOnlyList<TLabel> Labels => [.. _index.Keys.Order(_order)];

    /// <summary>Counts a row.</summary>
    /// <param name="actual">Its label.</param>
    /// <param name="predicted">The answer.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">The weight is negative or not finite; the message names the row.</exception>
    public void Add(TLabel actual, TLabel predicted, double weight = 1)
    {
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(predicted);
        Row.Weight(weight, Rows);
        AddCell((Index(actual), Index(predicted)), weight);
        Rows++;
    }

    /// <summary>Counts rows.</summary>
    /// <param name="actual">Their labels.</param>
    /// <param name="predicted">The answers, as many.</param>
    /// <param name="weights">Their weights, as many; default null: 1 each.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a weight is refused.</exception>
    public void AddRange(IReadOnlyList<TLabel> actual, IReadOnlyList<TLabel> predicted, IReadOnlyList<double>? weights = null)
    {
        Row.SameLength(Require.NotNull(actual).Count, Require.NotNull(predicted).Count, weights?.Count);
        for (int i = 0; i < actual.Count; i++) Add(actual[i], predicted[i], weights is null ? 1 : weights[i]);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    public void Merge(LabelAccumulator<TLabel> other)
    {
        Row.Other(this, other);
        TLabel[] labels = [.. other._index.OrderBy(entry => entry.Value).Select(entry => entry.Key)];
        foreach (((int actual, int predicted), double weight) in other._cells.ToArray()) AddCell((Index(labels[actual]), Index(labels[predicted])), weight);
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <param name="options">Default null: F1, denominators of 0 give 0.</param>
    /// <param name="labels">
    /// The labels that per-class scores, their means, the confusion matrix and kappa are about, in this order; some of those seen, or others besides. Default null: <see cref="Labels"/> (scikit-learn: <c>labels</c>).
    /// </param>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    /// <exception cref="ArgumentException">A label is given twice, or the list is empty.</exception>
    public ClassificationMetrics Compute(ClassificationOptions? options = null, IReadOnlyList<TLabel>? labels = null)
    {
        Row.Some(Rows);
        labels ??= Labels;
        // All labels take part: those asked for, then those that are only seen.
        Dictionary<TLabel, int> place = [];
        foreach (TLabel label in labels) Require.Argument(place.TryAdd(label, place.Count), $"No label may be given twice; received {Name(label)} again.", nameof(labels));
        foreach (TLabel label in _index.Keys) place.TryAdd(label, place.Count);
        int[] moved = new int[_index.Count];
        foreach ((TLabel label, int index) in _index) moved[index] = place[label];
        double[,] cells = new double[place.Count, place.Count];
        HashSet<int> occurring = [];
        foreach (((int actual, int predicted), double weight) in _cells)
        {
            cells[moved[actual], moved[predicted]] = weight;
            occurring.Add(moved[actual]);
        }
        return new ClassificationMetrics(new ConfusionMatrix(cells, [.. place.OrderBy(entry => entry.Value).Select(entry => Name(entry.Key))]), Rows, occurring.Contains, [.. Enumerable.Range(0, labels.Count)], options);
    }

    private static string Name(TLabel label) => Convert.ToString(label, CultureInfo.InvariantCulture) ?? "";

    private void AddCell((int Actual, int Predicted) cell, double weight) => CollectionsMarshal.GetValueRefOrAddDefault(_cells, cell, out _) += weight;

    private int Index(TLabel label)
    {
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_index, label, out bool known);
        if (!known) index = _index.Count - 1;
        return index;
    }
}
