using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well labels were predicted. Shares are fractions from 0 to 1. Source: scikit-learn's functions, named at each member.</summary>
public sealed record ClassificationMetrics
{
    private readonly ConfusionMatrix _selected;
    private readonly bool _selectionOccurs;

    /// <summary>Computes the metrics.</summary>
    /// <param name="all">The matrix of all classes.</param>
    /// <param name="rows">Rows counted in it.</param>
    /// <param name="occurs">Whether a row has the class, be its weight 0.</param>
    /// <param name="selection">The classes that per-class scores, their means, the confusion matrix and kappa are about; null: all.</param>
    /// <param name="options">The options.</param>
    internal ClassificationMetrics(ConfusionMatrix all, long rows, Func<int, bool> occurs, IReadOnlyList<int>? selection, ClassificationOptions? options)
    {
        options ??= new ClassificationOptions();
        Row.Some(rows, all.Total);
        Rows = rows;
        TotalWeight = all.Total;
        CorrectWeight = all.Correct;
        BalancedAccuracy = all.BalancedAccuracy();
        AdjustedBalancedAccuracy = all.BalancedAccuracy(adjusted: true);
        MatthewsCorrelation = all.MatthewsCorrelation();
        selection ??= [.. Enumerable.Range(0, all.Classes)];
        _selected = all.Select(selection);
        _selectionOccurs = selection.Any(occurs);
        IReadOnlyList<(double Right, double Actual, double Predicted)> counts = all.Counts();
        PerClass = [.. selection.Select(i => Ratio.Scores(counts[i].Right, counts[i].Actual, counts[i].Predicted, options.Beta, options.ZeroDivision))];
        ClassScores together = Ratio.Scores(selection.Sum(i => counts[i].Right), selection.Sum(i => counts[i].Actual), selection.Sum(i => counts[i].Predicted), options.Beta, options.ZeroDivision);
        Micro = new AverageScores(together.Precision, together.Recall, together.FScore, together.Jaccard);
        Macro = Ratio.Mean(PerClass, bySupport: false);
        Weighted = Ratio.Mean(PerClass, bySupport: true);
    }

    /// <summary>Rows counted; at least 1.</summary>
    public long Rows { get; }

    /// <summary>Sum of the rows' weights; their number where they have none.</summary>
    public double TotalWeight { get; }

    /// <summary>Sum of the weights of the rows answered rightly (<c>accuracy_score</c>, <c>normalize=False</c>).</summary>
    public double CorrectWeight { get; }

    /// <summary>Weight of the rows answered rightly / weight of all rows (<c>accuracy_score</c>). A selection of classes doesn't change it.</summary>
    public double Accuracy => CorrectWeight / TotalWeight;

    /// <summary>Mean recall over the classes that occur among the actual ones (<c>balanced_accuracy_score</c>). A selection of classes doesn't change it.</summary>
    public double BalancedAccuracy { get; }

    /// <summary>(b - 1/k) / (1 - 1/k), so that chance is 0: up to 1; NaN or -infinity where one class occurs (<c>balanced_accuracy_score</c>, <c>adjusted=True</c>).</summary>
    public double AdjustedBalancedAccuracy { get; }

    /// <summary>Matthews' correlation, -1 to 1; 0 where its denominator is 0 (<c>matthews_corrcoef</c>). A selection of classes doesn't change it.</summary>
    public double MatthewsCorrelation { get; }

    /// <summary>Names of the selected classes, in the order of <see cref="PerClass"/> and of the confusion matrix.</summary>
    public IReadOnlyList<string> ClassNames => _selected.ClassNames;

    /// <summary>Scores of each selected class (<c>precision_recall_fscore_support</c>, <c>average=None</c>).</summary>
    public IReadOnlyList<ClassScores> PerClass { get; }

    /// <summary>Scores from the sums over the selected classes; with all classes selected, precision, recall and F are the accuracy (<c>average='micro'</c>).</summary>
    public AverageScores Micro { get; }

    /// <summary>Means over the selected classes (<c>average='macro'</c>).</summary>
    public AverageScores Macro { get; }

    /// <summary>Means over the selected classes, weighted by their support; the plain means where none of them occurs (<c>average='weighted'</c>).</summary>
    public AverageScores Weighted { get; }

    /// <summary>Weights by actual and predicted class among the selected classes (<c>confusion_matrix</c>).</summary>
    /// <exception cref="InvalidOperationException">No row has one of the selected classes; scikit-learn refuses this, too.</exception>
    public ConfusionMatrix ConfusionMatrix
    {
        get
        {
            Require.State(_selectionOccurs, $"A confusion matrix needs one of its classes among the actual ones; none of {string.Join(", ", ClassNames)} is.");
            return _selected;
        }
    }

    /// <summary>Cohen's kappa among the selected classes: 1 perfect, 0 chance; NaN where chance leaves no disagreement (<c>cohen_kappa_score</c>).</summary>
    /// <param name="weighting">How much a disagreement counts, by the distance of the classes in <see cref="ClassNames"/>.</param>
    /// <exception cref="InvalidOperationException">No row has one of the selected classes.</exception>
    public double CohenKappa(KappaWeighting weighting = KappaWeighting.None) => ConfusionMatrix.CohenKappa(weighting);
}
