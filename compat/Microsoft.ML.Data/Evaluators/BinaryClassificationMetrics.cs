namespace Microsoft.ML.Data;

public class BinaryClassificationMetrics
{
    internal BinaryClassificationMetrics(BinaryTally tally, string[] classNames)
    {
        Accuracy = tally.Accuracy;
        AreaUnderRocCurve = tally.AreaUnderRocCurve;
        AreaUnderPrecisionRecallCurve = tally.AreaUnderPrecisionRecallCurve;
        PositivePrecision = tally.PositivePrecision;
        PositiveRecall = tally.PositiveRecall;
        NegativePrecision = tally.NegativePrecision;
        NegativeRecall = tally.NegativeRecall;
        F1Score = tally.F1Score;
        ConfusionMatrix = new ConfusionMatrix(tally.Confusion(), classNames, binary: true);
    }

    public double Accuracy { get; }

    public double AreaUnderPrecisionRecallCurve { get; }

    public double AreaUnderRocCurve { get; }

    public ConfusionMatrix ConfusionMatrix { get; }

    public double F1Score { get; }

    public double NegativePrecision { get; }

    public double NegativeRecall { get; }

    public double PositivePrecision { get; }

    public double PositiveRecall { get; }
}
