namespace Microsoft.ML.Data;

public sealed class CalibratedBinaryClassificationMetrics : BinaryClassificationMetrics
{
    internal CalibratedBinaryClassificationMetrics(BinaryTally tally, string[] classNames)
        : base(tally, classNames)
    {
        LogLoss = tally.LogLoss;
        LogLossReduction = tally.LogLossReduction;
        Entropy = tally.Entropy;
    }

    public double Entropy { get; }

    public double LogLoss { get; }

    public double LogLossReduction { get; }
}
