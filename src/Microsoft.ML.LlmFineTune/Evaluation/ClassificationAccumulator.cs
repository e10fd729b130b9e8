using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well a classifier answers: counts over everything seen, divided once.</summary>
public sealed class ClassificationAccumulator
{
    private readonly long[,] _confusion;
    private double _loss;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="classes">How many classes there are; at least 1.</param>
    public ClassificationAccumulator(int classes) => _confusion = new long[Require.AtLeast(classes, 1), classes];

    /// <summary>How many classes there are.</summary>
    public int Classes => _confusion.GetLength(0);

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows answered rightly.</summary>
    public long Correct { get; private set; }

    /// <summary>Mean negative log-likelihood of the right class, in nats; null before anything was counted.</summary>
    public double? Loss => Rows == 0 ? null : _loss / Rows;

    /// <summary>Share of the rows answered rightly; null before anything was counted.</summary>
    public double? Accuracy => Rows == 0 ? null : (double)Correct / Rows;

    /// <summary>Mean over the classes that occur of the share of their rows answered rightly; null before anything was counted.</summary>
    public double? MacroAccuracy => Rows == 0 ? null : PerClass().Where(scores => scores.Support > 0).Average(scores => scores.Recall);

    /// <summary>Mean of the classes' F1; null before anything was counted.</summary>
    public double? MacroF1 => Rows == 0 ? null : PerClass().Average(scores => scores.F1);

    /// <summary>Rows of a class that were answered with a class.</summary>
    public long Count(int actual, int answered) => _confusion[actual, answered];

    /// <summary>Counts a row by its scores.</summary>
    /// <param name="logits">[classes]: probabilities are their softmax; the answer is the first of the best.</param>
    /// <param name="actual">The row's class.</param>
    /// <exception cref="ArgumentException">There is not one score a class.</exception>
    public void Add(ReadOnlySpan<float> logits, int actual)
    {
        Require.Argument(logits.Length == Classes, string.Create(CultureInfo.InvariantCulture, $"There must be one score for each of the {Classes} classes; received {logits.Length}."), nameof(logits));
        Require.Below(actual, 0, Classes);
        float largest = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp((double)logit - largest);
        Add(TensorPrimitives.IndexOfMax(logits), actual, largest + Math.Log(sum) - logits[actual]);
    }

    /// <summary>Counts a row by its answer.</summary>
    /// <param name="answered">The answer.</param>
    /// <param name="actual">The row's class.</param>
    /// <param name="loss">Negative log-likelihood of the row's class, in nats.</param>
    public void Add(int answered, int actual, double loss)
    {
        Require.Below(answered, 0, Classes);
        Require.Below(actual, 0, Classes);
        _confusion[actual, answered]++;
        Rows++;
        if (answered == actual) Correct++;
        _loss += loss;
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    /// <exception cref="ArgumentException">It has another number of classes.</exception>
    public void Add(ClassificationAccumulator other)
    {
        Require.NotNull(other);
        Require.Argument(other.Classes == Classes, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must have the same classes; this one has {Classes}, the other {other.Classes}."), nameof(other));
        for (int actual = 0; actual < Classes; actual++)
        {
            for (int answered = 0; answered < Classes; answered++) _confusion[actual, answered] += other._confusion[actual, answered];
        }
        Rows += other.Rows;
        Correct += other.Correct;
        _loss += other._loss;
    }

    /// <summary>The scores of each class, in the order of the classes.</summary>
    public IReadOnlyList<ClassScores> PerClass() => [.. Enumerable.Range(0, Classes).Select(Scores)];

    private ClassScores Scores(int @class)
    {
        long right = _confusion[@class, @class], actual = 0, answered = 0;
        for (int other = 0; other < Classes; other++)
        {
            actual += _confusion[@class, other];
            answered += _confusion[other, @class];
        }
        return new ClassScores(Share(right, answered), Share(right, actual), Share(2 * right, actual + answered), actual);
    }

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
