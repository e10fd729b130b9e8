using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>ROC AUC (one class against the rest, or against each other) and average precision of several classes' scores. It keeps every score; <see cref="ProbabilityAccumulator"/> has the figures that take constant memory.</summary>
/// <param name="classes">How many classes there are; at least 2.</param>
public sealed class MulticlassScoreAccumulator(int classes)
{
    private readonly List<double> _scores = [];
    private readonly List<int> _actual = [];
    private readonly List<double> _weights = [];
    private double[] _widened = [];
    private long _notSummingToOne;
    private long? _firstNotSummingToOne;

    /// <summary>How many classes there are.</summary>
    public int Classes { get; } = Require.AtLeast(classes, 2);

    /// <summary>Rows seen.</summary>
    public long Rows => _actual.Count;

    /// <summary>Counts a row.</summary>
    /// <param name="scores">[classes]: finite.</param>
    /// <param name="actual">The row's class.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A score is NaN or infinite, the class doesn't exist, there is not one score a class, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<double> scores, int actual, double weight = 1)
    {
        Row.Length(scores.Length, Classes, Rows, nameof(scores));
        Row.Finite(scores, Rows, "score");
        Row.Class(actual, Classes, Rows, "actual class", nameof(actual));
        Row.Weight(weight, Rows);
        // scikit-learn: allclose(1, sum).
        double sum = TensorPrimitives.Sum(scores);
        if (Math.Abs(1 - sum) > 1e-8 + (1e-5 * Math.Abs(sum)))
        {
            _notSummingToOne++;
            _firstNotSummingToOne ??= Rows;
        }
        _scores.AddRange(scores);
        _actual.Add(actual);
        _weights.Add(weight);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{double}, int, double)"/>
    public void Add(ReadOnlySpan<float> scores, int actual, double weight = 1) => Add(Row.Widen(scores, ref _widened), actual, weight);

    /// <summary>Adds the rows of another accumulator after this one's.</summary>
    /// <exception cref="ArgumentException">It has another number of classes.</exception>
    public void Merge(MulticlassScoreAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Classes == Classes, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same classes; this one has {Classes}, the other {other.Classes}."), nameof(other));
        for (int i = 0, count = other._actual.Count; i < count; i++) Add(CollectionsMarshal.AsSpan(other._scores).Slice(i * Classes, Classes), other._actual[i], other._weights[i]);
    }

    /// <summary>The metrics of what was seen; sorts the rows for each class and each pair of classes.</summary>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public MulticlassScoreMetrics Compute()
    {
        Row.Some(Rows, _weights.Sum());
        int rows = _actual.Count;
        double[] support = new double[Classes];
        for (int i = 0; i < rows; i++) support[_actual[i]] += _weights[i];
        Span<double> weights = CollectionsMarshal.AsSpan(_weights);
        BinaryScoreMetrics[] perClass = new BinaryScoreMetrics[Classes];
        double[] column = new double[rows];
        bool[] own = new bool[rows];
        for (int @class = 0; @class < Classes; @class++)
        {
            for (int i = 0; i < rows; i++) (column[i], own[i]) = (_scores[(i * Classes) + @class], _actual[i] == @class);
            perClass[@class] = new BinaryScoreMetrics(column, own, weights);
        }
        bool[] cells = new bool[_scores.Count];
        double[] cellWeights = new double[_scores.Count];
        for (int i = 0; i < rows; i++)
        {
            cells[(i * Classes) + _actual[i]] = true;
            cellWeights.AsSpan(i * Classes, Classes).Fill(_weights[i]);
        }
        BinaryScoreMetrics micro = new(CollectionsMarshal.AsSpan(_scores), cells, cellWeights);
        return new MulticlassScoreMetrics(perClass, support, micro, Pairs(), _notSummingToOne, _firstNotSummingToOne);
    }

    private List<(double Auc, double Share)> Pairs()
    {
        List<(double, double)> pairs = [];
        ILookup<int, int> rows = Enumerable.Range(0, _actual.Count).ToLookup(i => _actual[i]);
        int[] occurring = [.. rows.Select(group => group.Key).Order()];
        foreach (int a in occurring)
        {
            foreach (int b in occurring.Where(other => other > a))
            {
                int[] both = [.. rows[a], .. rows[b]];
                pairs.Add(((Auc(both, a) + Auc(both, b)) / 2, (double)both.Length / _actual.Count));
            }
        }
        return pairs;

        double Auc(int[] among, int @class) => new BinaryScoreMetrics([.. among.Select(i => _scores[(i * Classes) + @class])], [.. among.Select(i => _actual[i] == @class)], default).RocAuc;
    }
}
