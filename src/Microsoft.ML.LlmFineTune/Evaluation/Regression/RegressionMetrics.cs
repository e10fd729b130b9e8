namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How far numbers were predicted from what they are. Source: scikit-learn's functions, named at each member.</summary>
public sealed record RegressionMetrics
{
    private readonly Moments _actual;
    private readonly Moments _errors;

    internal RegressionMetrics(Moments actual, Moments errors) => (_actual, _errors) = (actual, errors);

    /// <summary>Rows; at least 1.</summary>
    public required long Rows { get; init; }

    /// <summary>Sum of their weights.</summary>
    public double TotalWeight => _actual.Weight;

    /// <summary>Mean of actual - predicted, in the unit of the values: above 0 where predictions are too low.</summary>
    public double MeanError => _errors.Mean;

    /// <summary>Mean squared error, in the squared unit of the values (<c>mean_squared_error</c>).</summary>
    public required double MeanSquaredError { get; init; }

    /// <summary>Its square root, in the unit of the values (<c>root_mean_squared_error</c>).</summary>
    public double RootMeanSquaredError => Math.Sqrt(MeanSquaredError);

    /// <summary>Mean absolute error, in the unit of the values (<c>mean_absolute_error</c>).</summary>
    public required double MeanAbsoluteError { get; init; }

    /// <summary>Mean of |actual - predicted| / max(|actual|, 2.2e-16), a fraction; about 1e15 and more where an actual value is 0 (<c>mean_absolute_percentage_error</c>).</summary>
    public required double MeanAbsolutePercentageError { get; init; }

    /// <summary>The largest absolute error, in the unit of the values; weights do not count (<c>max_error</c>).</summary>
    public required double MaximumError { get; init; }

    /// <summary>Share of the variance that is explained: 1 is perfect, 0 as good as the mean; NaN for a single row (<c>r2_score</c>).</summary>
    /// <param name="forceFinite">Whether constant actual values give 1 where the prediction is perfect and 0 otherwise, in place of NaN and -infinity. Default true.</param>
    public double R2(bool forceFinite = true) => Rows < 2 ? double.NaN : Explained(MeanSquaredError * TotalWeight, forceFinite);

    /// <summary>The same for the errors' variance: a constant offset of the predictions costs nothing; a single row gives 1, or NaN where it isn't forced to be finite (<c>explained_variance_score</c>).</summary>
    /// <param name="forceFinite">Whether constant actual values give 1 where the errors are constant and 0 otherwise, in place of NaN and -infinity. Default true.</param>
    public double ExplainedVariance(bool forceFinite = true) => Explained(_errors.Deviations, forceFinite);

    private double Explained(double left, bool forceFinite) => _actual.Deviations == 0 && forceFinite ? (left == 0 ? 1 : 0) : 1 - (left / _actual.Deviations);
}
