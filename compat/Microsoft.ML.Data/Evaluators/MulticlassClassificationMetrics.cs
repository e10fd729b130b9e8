namespace Microsoft.ML.Data;

public sealed class MulticlassClassificationMetrics
{
    internal MulticlassClassificationMetrics(MulticlassTally tally, string[] classNames)
    {
        MicroAccuracy = tally.MicroAccuracy;
        MacroAccuracy = tally.MacroAccuracy;
        LogLoss = tally.LogLoss;
        LogLossReduction = tally.LogLossReduction;
        PerClassLogLoss = Array.AsReadOnly(tally.PerClassLogLoss());
        TopKPredictionCount = tally.TopK;
        TopKAccuracyForAllK = tally.TopK > 0 ? Array.AsReadOnly(tally.TopKAccuracies()) : null;
        ConfusionMatrix = new ConfusionMatrix(tally.Confusion, classNames, binary: false);
    }

    public ConfusionMatrix ConfusionMatrix { get; }

    public double LogLoss { get; }

    public double LogLossReduction { get; }

    public double MacroAccuracy { get; }

    public double MicroAccuracy { get; }

    public IReadOnlyList<double> PerClassLogLoss { get; }

    public double TopKAccuracy => TopKAccuracyForAllK?[^1] ?? 0;

    public IReadOnlyList<double> TopKAccuracyForAllK { get; }

    public int TopKPredictionCount { get; }
}
