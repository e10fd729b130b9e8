namespace Microsoft.ML.Data;

public sealed class RegressionMetrics
{
    internal RegressionMetrics(RegressionTally tally)
    {
        MeanAbsoluteError = tally.MeanAbsoluteError;
        MeanSquaredError = tally.MeanSquaredError;
        RootMeanSquaredError = Math.Sqrt(tally.MeanSquaredError);
        LossFunction = tally.Loss;
        RSquared = tally.RSquared;
    }

    public double LossFunction { get; }

    public double MeanAbsoluteError { get; }

    public double MeanSquaredError { get; }

    public double RootMeanSquaredError { get; }

    public double RSquared { get; }
}
