using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

public sealed class ConfusionMatrix
{
    private readonly string[] _classNames;
    private readonly bool _binary;
    private string _table;

    internal ConfusionMatrix(double[][] counts, string[] classNames, bool binary)
    {
        _classNames = classNames;
        _binary = binary;
        NumberOfClasses = counts.Length;
        Counts = Array.AsReadOnly(counts.Select(row => (IReadOnlyList<double>)Array.AsReadOnly(row)).ToArray());
        var precision = new double[counts.Length];
        var recall = new double[counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            double truth = counts[i].Sum(), predicted = counts.Sum(row => row[i]);
            recall[i] = truth > 0 ? counts[i][i] / truth : 0;
            precision[i] = predicted > 0 ? counts[i][i] / predicted : 0;
        }
        PerClassPrecision = Array.AsReadOnly(precision);
        PerClassRecall = Array.AsReadOnly(recall);
    }

    /// <summary>Rows are true classes, columns predicted ones.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Counts { get; }

    public int NumberOfClasses { get; }

    public IReadOnlyList<double> PerClassPrecision { get; }

    public IReadOnlyList<double> PerClassRecall { get; }

    public double GetCountForClassPair(int predictedClassIndicatorIndex, int actualClassIndicatorIndex)
    {
        CheckClass(predictedClassIndicatorIndex, nameof(predictedClassIndicatorIndex));
        CheckClass(actualClassIndicatorIndex, nameof(actualClassIndicatorIndex));
        return Counts[actualClassIndicatorIndex][predictedClassIndicatorIndex];
    }

    public string GetFormattedConfusionTable() => _table ??= ConfusionTableText.Of(this, _classNames, _binary);

    private void CheckClass(int index, string parameter)
        => Contracts.CheckParam(index >= 0 && index < NumberOfClasses, parameter, "Invalid index. Should be non-negative, less than the number of classes.");
}
