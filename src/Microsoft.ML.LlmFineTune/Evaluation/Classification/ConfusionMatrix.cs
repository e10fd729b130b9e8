using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Sums of weights (numbers of rows, where rows have none) by actual class (rows) and predicted class (columns). Immutable. Source: scikit-learn's <c>confusion_matrix</c>.</summary>
public sealed class ConfusionMatrix
{
    private readonly double[,] _cells;
    private readonly double[] _actual;
    private readonly double[] _predicted;

    /// <summary>Creates a matrix.</summary>
    /// <param name="cells">[classes, classes], copied: actual class, predicted class; 0 or greater.</param>
    /// <param name="classNames">The classes' names; default null: "0", "1", ...</param>
    /// <exception cref="ArgumentException">The matrix isn't square or is empty, or there is not one name for each class.</exception>
    public ConfusionMatrix(double[,] cells, IReadOnlyList<string>? classNames = null)
    {
        Require.NotNull(cells);
        Require.Argument(cells.GetLength(0) == cells.GetLength(1) && cells.Length > 0, string.Create(CultureInfo.InvariantCulture, $"A confusion matrix must be square and have one class at least; received {cells.GetLength(0)} x {cells.GetLength(1)}."), nameof(cells));
        Require.Argument(classNames is null || classNames.Count == cells.GetLength(0), string.Create(CultureInfo.InvariantCulture, $"There must be a name for each of the {cells.GetLength(0)} classes; received {classNames?.Count}."), nameof(classNames));
        _cells = (double[,])cells.Clone();
        (_actual, _predicted) = (new double[Classes], new double[Classes]);
        for (int i = 0; i < Classes; i++)
        {
            for (int j = 0; j < Classes; j++)
            {
                _actual[i] += _cells[i, j];
                _predicted[j] += _cells[i, j];
            }
            Correct += _cells[i, i];
        }
        Total = _actual.Sum();
        ClassNames = classNames is null ? [.. Enumerable.Range(0, Classes).Select(i => i.ToString(CultureInfo.InvariantCulture))] : [.. classNames];
    }

    /// <summary>The classes' names, in the order of rows and columns.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>How many classes there are.</summary>
    public int Classes => _cells.GetLength(0);

    /// <summary>Weight of the rows of one class that were answered with another (or with the same).</summary>
    public double this[int actual, int predicted] => _cells[actual, predicted];

    /// <summary>Weight of all rows.</summary>
    public double Total { get; }

    /// <summary>Weight of the rows answered rightly.</summary>
    public double Correct { get; }

    /// <summary>Weight of the rows of a class.</summary>
    public double ActualTotal(int @class) => _actual[@class];

    /// <summary>Weight of the rows answered with a class.</summary>
    public double PredictedTotal(int @class) => _predicted[@class];

    /// <summary>A copy of the cells: [actual, predicted].</summary>
    public double[,] ToArray() => (double[,])_cells.Clone();

    /// <summary>The same matrix in shares. A row or column (or matrix) whose sum is 0 stays 0.</summary>
    public ConfusionMatrix Normalize(ConfusionNormalization by)
    {
        double[,] shares = new double[Classes, Classes];
        for (int i = 0; i < Classes; i++)
        {
            for (int j = 0; j < Classes; j++)
                shares[i, j] = Ratio.Of(_cells[i, j], by switch { ConfusionNormalization.Actual => _actual[i], ConfusionNormalization.Predicted => _predicted[j], _ => Total }, ZeroDivision.Zero);
        }
        return new ConfusionMatrix(shares, ClassNames);
    }

    /// <summary>Only some of the classes, in the order given: rows and answers of other classes are left out.</summary>
    /// <exception cref="ArgumentException">A class doesn't exist, stands twice, or there is none.</exception>
    public ConfusionMatrix Select(IReadOnlyList<int> classes)
    {
        Require.NotNull(classes);
        Require.Argument(classes.Count > 0, "One class at least must be selected; received none.", nameof(classes));
        Require.Argument(classes.Distinct().Count() == classes.Count, $"No class may be selected twice; received {string.Join(", ", classes)}.", nameof(classes));
        foreach (int @class in classes) Require.Below(@class, 0, Classes, nameof(classes));
        double[,] cells = new double[classes.Count, classes.Count];
        for (int i = 0; i < classes.Count; i++)
        {
            for (int j = 0; j < classes.Count; j++) cells[i, j] = _cells[classes[i], classes[j]];
        }
        return new ConfusionMatrix(cells, [.. classes.Select(i => ClassNames[i])]);
    }

    /// <summary>Mean recall over the classes that occur: 0 to 1. Source: <c>balanced_accuracy_score</c>.</summary>
    /// <param name="adjusted">Whether it is scaled so that chance is 0: (b - 1/k) / (1 - 1/k), k being the classes that occur; NaN or -infinity where that is one class.</param>
    public double BalancedAccuracy(bool adjusted = false)
    {
        double[] recalls = [.. Enumerable.Range(0, Classes).Where(i => _actual[i] > 0).Select(i => _cells[i, i] / _actual[i])];
        if (recalls.Length == 0) return double.NaN;
        (double mean, double chance) = (recalls.Average(), 1.0 / recalls.Length);
        return adjusted ? (mean - chance) / (1 - chance) : mean;
    }

    /// <summary>Correlation of actual and predicted classes, -1 to 1; 0 where one side has a single class. Source: <c>matthews_corrcoef</c> (Gorodkin's form for several classes).</summary>
    public double MatthewsCorrelation()
    {
        double both = (Correct * Total) - _actual.Zip(_predicted).Sum(pair => pair.First * pair.Second);
        double spread = ((Total * Total) - _predicted.Sum(value => value * value)) * ((Total * Total) - _actual.Sum(value => value * value));
        return spread <= 0 ? 0 : both / Math.Sqrt(spread);
    }

    /// <summary>Agreement beyond chance: 1 is perfect, 0 is chance, less than 0 is worse; NaN where chance leaves no disagreement (one class on both sides). Source: <c>cohen_kappa_score</c>.</summary>
    /// <param name="weighting">How much a disagreement counts.</param>
    public double CohenKappa(KappaWeighting weighting = KappaWeighting.None)
    {
        double seen = 0, expected = 0;
        for (int i = 0; i < Classes; i++)
        {
            for (int j = 0; j < Classes; j++)
            {
                double distance = i - j;
                double weight = weighting switch { KappaWeighting.None => i == j ? 0 : 1, KappaWeighting.Linear => Math.Abs(distance), _ => distance * distance };
                seen += weight * _cells[i, j];
                expected += weight * (_actual[i] * _predicted[j] / Total);
            }
        }
        return expected > 0 ? 1 - (seen / expected) : double.NaN;
    }

    /// <summary>The sums that precision, recall and F are made of, for each class.</summary>
    internal IReadOnlyList<(double Right, double Actual, double Predicted)> Counts() => [.. Enumerable.Range(0, Classes).Select(i => (_cells[i, i], _actual[i], _predicted[i]))];
}
