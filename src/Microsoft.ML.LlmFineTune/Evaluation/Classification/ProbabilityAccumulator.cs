using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Log loss, Brier score, top-k accuracy and label metrics of the probabilities of several classes. Memory: one number for each two classes.</summary>
public sealed class ProbabilityAccumulator
{
    private readonly ProbabilityOptions _options;
    private readonly ClassificationAccumulator _labels;

    // By rule for ties: weight of the rows whose class has the rank.
    private readonly double[][] _ranks;
    private double[] _widened = [];
    private double _logLoss;
    private double _squares;
    private long _notSummingToOne;
    private long? _firstNotSummingToOne;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="classes">How many classes there are; at least 2.</param>
    /// <param name="options">Default null: the defaults.</param>
    /// <param name="classNames">The classes' names, for reports; default null: "0", "1", ...</param>
    public ProbabilityAccumulator(int classes, ProbabilityOptions? options = null, IReadOnlyList<string>? classNames = null)
    {
        _labels = new ClassificationAccumulator(Require.AtLeast(classes, 2), classNames);
        _ranks = [new double[classes], new double[classes]];
        _options = options ?? new ProbabilityOptions();
    }

    /// <summary>How many classes there are.</summary>
    public int Classes => _labels.Classes;

    /// <summary>Rows seen.</summary>
    public long Rows => _labels.Rows;

    /// <summary>Counts a row.</summary>
    /// <param name="probabilities">[classes]: from 0 to 1. Rows that do not sum to 1 are counted as warnings.</param>
    /// <param name="actual">The row's class.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A probability is NaN or outside 0 to 1, the class doesn't exist, there is not one probability a class, or the weight is refused; the message names the row.</exception>
    public void Add(ReadOnlySpan<double> probabilities, int actual, double weight = 1) => Add(probabilities, actual, weight, ProbabilityOptions.DoubleEpsilon);

    /// <inheritdoc cref="Add(ReadOnlySpan{double}, int, double)"/>
    public void Add(ReadOnlySpan<float> probabilities, int actual, double weight = 1) => Add(Row.Widen(probabilities, ref _widened), actual, weight, MathF.BitIncrement(1) - 1);

    /// <summary>Counts a row by its logits: the probabilities are their softmax.</summary>
    /// <param name="logits">[classes]: finite.</param>
    /// <param name="actual">The row's class.</param>
    /// <param name="weight">Its weight; 0 or greater.</param>
    /// <exception cref="ArgumentException">A logit is NaN or infinite, the class doesn't exist, there is not one logit a class, or the weight is refused; the message names the row.</exception>
    public void AddLogits(ReadOnlySpan<double> logits, int actual, double weight = 1)
    {
        Row.Length(logits.Length, Classes, Rows, nameof(logits));
        Row.Finite(logits, Rows, "logit");
        double[] probabilities = new double[Classes];
        TemperatureScaling.Softmax(logits, 1, probabilities);
        Add(probabilities, actual, weight);
    }

    /// <inheritdoc cref="AddLogits(ReadOnlySpan{double}, int, double)"/>
    public void AddLogits(ReadOnlySpan<float> logits, int actual, double weight = 1) => AddLogits(Row.Widen(logits, ref _widened), actual, weight);

    /// <summary>Adds what another accumulator (of a replica, for example) has counted; its rows count as coming after this one's.</summary>
    /// <exception cref="ArgumentException">It has another number of classes.</exception>
    public void Merge(ProbabilityAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Classes == Classes, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same classes; this one has {Classes}, the other {other.Classes}."), nameof(other));
        _firstNotSummingToOne ??= other._firstNotSummingToOne + Rows;
        _notSummingToOne += other._notSummingToOne;
        _labels.Merge(other._labels);
        _logLoss += other._logLoss;
        _squares += other._squares;
        foreach ((double[] mine, double[] others) in _ranks.Zip(other._ranks)) TensorPrimitives.Add(mine, others, mine);
    }

    /// <summary>The metrics of what was seen.</summary>
    /// <param name="labelOptions">Of <see cref="ProbabilityMetrics.Labels"/>; default null: F1, denominators of 0 give 0.</param>
    /// <exception cref="InvalidOperationException">There are no rows, or all weights are 0.</exception>
    public ProbabilityMetrics Compute(ClassificationOptions? labelOptions = null) => new(_logLoss, _squares, [.. _ranks.Select(ranks => (double[])ranks.Clone())], _labels.Compute(labelOptions), _notSummingToOne, _firstNotSummingToOne);

    private void Add(ReadOnlySpan<double> probabilities, int actual, double weight, double precision)
    {
        long row = Rows;
        Row.Length(probabilities.Length, Classes, row, nameof(probabilities));
        Row.Probabilities(probabilities, row);
        _labels.Add(actual, TensorPrimitives.IndexOfMax(probabilities), weight);
        // scikit-learn: isclose(sum, 1, rtol=sqrt(eps)), whose absolute tolerance is 1e-8.
        if (Math.Abs(TensorPrimitives.Sum(probabilities) - 1) > 1e-8 + Math.Sqrt(precision))
        {
            _notSummingToOne++;
            _firstNotSummingToOne ??= row;
        }
        double own = probabilities[actual];
        _logLoss += weight * _options.LogLoss(own);
        int higher = 0, equalBefore = 0, equalAfter = 0;
        double squares = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            double probability = probabilities[i], error = i == actual ? probability - 1 : probability;
            squares += error * error;
            if (probability > own) higher++;
            else if (probability == own && i != actual)
            {
                if (i < actual) equalBefore++;
                else equalAfter++;
            }
        }
        _squares += weight * squares;
        int rank = Classes == 2 ? (actual == (probabilities[1] > 0.5 ? 1 : 0) ? 0 : 1) : higher + equalAfter;
        _ranks[(int)TopKTies.HigherIndexFirst][rank] += weight;
        _ranks[(int)TopKTies.LowerIndexFirst][higher + equalBefore] += weight;
    }
}
