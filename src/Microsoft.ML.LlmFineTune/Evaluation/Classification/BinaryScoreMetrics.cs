using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well scores (of any scale: only their order counts) set positive rows apart from negative ones. Source: scikit-learn's functions, named at each member.</summary>
public sealed record BinaryScoreMetrics
{
    // Weight of the rows at or above each threshold, from the highest distinct score to the lowest.
    private readonly double[] _falsePositives;
    private readonly double[] _truePositives;
    private readonly double[] _thresholds;
    private readonly bool _bothOccur;

    /// <summary>Sorts the rows and sums them up.</summary>
    /// <param name="scores">Finite; sorted by this.</param>
    /// <param name="positive">As many.</param>
    /// <param name="weights">As many, or empty: 1 each.</param>
    internal BinaryScoreMetrics(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, ReadOnlySpan<double> weights)
    {
        Rows = scores.Length;
        int[] order = Order(scores, weights);
        Require.State(order.Length > 0, Rows == 0 ? "A metric needs at least one row; received none." : "A metric needs at least one row with a weight above 0; received none.");
        List<double> falsePositives = [], truePositives = [], thresholds = [];
        (double negativeSum, double positiveSum) = (0, 0);
        for (int i = 0; i < order.Length; i++)
        {
            int row = order[i];
            double weight = weights.IsEmpty ? 1 : weights[row];
            if (positive[row]) positiveSum += weight;
            else negativeSum += weight;
            if (i + 1 < order.Length && scores[order[i + 1]] == scores[row]) continue;
            falsePositives.Add(negativeSum);
            truePositives.Add(positiveSum);
            thresholds.Add(scores[row]);
        }
        (_falsePositives, _truePositives, _thresholds) = ([.. falsePositives], [.. truePositives], [.. thresholds]);
        _bothOccur = positive.Contains(true) && positive.Contains(false);
        RocAuc = _bothOccur ? Area(RocCurve(dropIntermediate: false)) : double.NaN;
        PrecisionRecallCurve curve = PrecisionRecallCurve();
        for (int i = 1; i < curve.Recall.Count; i++)
        {
            double step = curve.Recall[i - 1] - curve.Recall[i];
            AveragePrecision += step * curve.Precision[i - 1];
            PrecisionRecallAuc += step * (curve.Precision[i - 1] + curve.Precision[i]) / 2;
        }
    }

    /// <summary>Rows; at least 1.</summary>
    public long Rows { get; }

    /// <summary>Weight of the positive rows.</summary>
    public double Positives => _truePositives[^1];

    /// <summary>Weight of the negative rows.</summary>
    public double Negatives => _falsePositives[^1];

    /// <summary>Chance that a positive row has a higher score than a negative one, equal scores counting one half: 0 to 1, chance is 0.5; NaN where one of the two is missing (<c>roc_auc_score</c>).</summary>
    public double RocAuc { get; }

    /// <summary>Sum over the distinct thresholds, from high to low, of (change of recall) * precision: 0 to 1; 0 where there are no positive rows (<c>average_precision_score</c>).</summary>
    public double AveragePrecision { get; }

    /// <summary>Area under the precision-recall curve by trapezoids: 0 to 1. Another number than <see cref="AveragePrecision"/>, and a more optimistic one (<c>auc</c> of <c>precision_recall_curve</c>).</summary>
    public double PrecisionRecallAuc { get; }

    /// <summary>Area under the ROC curve up to a false positive rate, scaled so that chance is 0.5 and the best is 1 (McClish, 1989); NaN where one class is missing (<c>roc_auc_score</c>, <c>max_fpr</c>).</summary>
    /// <param name="maximumFalsePositiveRate">Above 0, up to 1; at 1 it is <see cref="RocAuc"/>.</param>
    public double PartialRocAuc(double maximumFalsePositiveRate)
    {
        Require.Positive(maximumFalsePositiveRate);
        double end = Require.Within(maximumFalsePositiveRate, 0, 1);
        if (end == 1 || !_bothOccur) return RocAuc;
        RocCurve curve = RocCurve(dropIntermediate: false);
        (IReadOnlyList<double> x, IReadOnlyList<double> y) = (curve.FalsePositiveRate, curve.TruePositiveRate);
        double area = 0;
        for (int i = 1; i < x.Count; i++)
        {
            if (x[i] > end)
            {
                double share = (end - x[i - 1]) / (x[i] - x[i - 1]);
                area += (end - x[i - 1]) * ((2 * y[i - 1]) + (share * (y[i] - y[i - 1]))) / 2;
                break;
            }
            area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
        }
        double chance = end * end / 2;
        return (1 + ((area - chance) / (end - chance))) / 2;
    }

    /// <summary>The ROC curve (<c>roc_curve</c>).</summary>
    /// <param name="dropIntermediate">Whether points on a straight line between their neighbours are left out, which changes no area. Default true, as in scikit-learn.</param>
    public RocCurve RocCurve(bool dropIntermediate = true)
    {
        List<double> x = [0], y = [0], thresholds = [double.PositiveInfinity];
        int last = _thresholds.Length - 1;
        for (int i = 0; i <= last; i++)
        {
            // Exactly as the reference: second differences of the sums, compared with 0.
            if (dropIntermediate && i > 0 && i < last && Bend(_falsePositives, i) == 0 && Bend(_truePositives, i) == 0) continue;
            x.Add(_falsePositives[i]);
            y.Add(_truePositives[i]);
            thresholds.Add(_thresholds[i]);
        }
        return new RocCurve([.. x.Select(value => Rate(value, Negatives))], [.. y.Select(value => Rate(value, Positives))], thresholds);

        static double Bend(double[] sums, int i) => sums[i + 1] - sums[i] - (sums[i] - sums[i - 1]);
        static double Rate(double part, double whole) => whole <= 0 ? double.NaN : part / whole;
    }

    /// <summary>The precision-recall curve (<c>precision_recall_curve</c>).</summary>
    public PrecisionRecallCurve PrecisionRecallCurve()
    {
        int count = _thresholds.Length;
        double[] precision = new double[count + 1], recall = new double[count + 1], thresholds = new double[count];
        for (int i = 0; i < count; i++)
        {
            int from = count - 1 - i;
            precision[i] = Ratio.Of(_truePositives[from], _truePositives[from] + _falsePositives[from], ZeroDivision.Zero);
            recall[i] = Positives == 0 ? 1 : _truePositives[from] / Positives;
            thresholds[i] = _thresholds[from];
        }
        precision[count] = 1;
        return new PrecisionRecallCurve(precision, recall, thresholds);
    }

    private static double Area(RocCurve curve)
    {
        double area = 0;
        for (int i = 1; i < curve.FalsePositiveRate.Count; i++) area += (curve.FalsePositiveRate[i] - curve.FalsePositiveRate[i - 1]) * (curve.TruePositiveRate[i] + curve.TruePositiveRate[i - 1]) / 2;
        return area;
    }

    /// <summary>Rows with a weight, from the highest score to the lowest; equal scores in their order, so that sums round as the reference's do.</summary>
    private static int[] Order(ReadOnlySpan<double> scores, ReadOnlySpan<double> weights)
    {
        List<int> rows = new(scores.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            if (weights.IsEmpty || weights[i] != 0) rows.Add(i);
        }
        int[] order = [.. rows];
        (double Score, int Row)[] keys = new (double, int)[order.Length];
        for (int i = 0; i < order.Length; i++) keys[i] = (scores[order[i]], order[i]);
        Array.Sort(keys, order, Comparer<(double Score, int Row)>.Create((a, b) => a.Score == b.Score ? a.Row.CompareTo(b.Row) : b.Score.CompareTo(a.Score)));
        return order;
    }
}
