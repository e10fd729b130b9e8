using System.Globalization;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A number and the one that was predicted.</summary>
internal readonly record struct JudgedNumber(double Actual, double Predicted, double Weight);

/// <summary>Errors and correlations of predicted numbers.</summary>
internal sealed class RegressionMeasure(bool weighted, bool keepRows) : Measure<JudgedNumber, RegressionEvaluationMetrics>
{
    private readonly RegressionAccumulator _errors = new();
    private readonly MedianErrorAccumulator _median = new();
    private readonly CorrelationAccumulator _correlation = new();
    private readonly SegmentStatistics? _absolute = keepRows ? WeightedMean.Statistics("Mean absolute error") : null, _squared = keepRows ? WeightedMean.Statistics("Root mean squared error", Math.Sqrt) : null;

    internal override IEnumerable<SegmentStatistics> Segments => _absolute is null ? [] : [_absolute, _squared!];

    internal override double Add(JudgedNumber row)
    {
        _errors.Add(row.Actual, row.Predicted, row.Weight);
        _median.Add(row.Actual, row.Predicted, row.Weight);
        if (!weighted) _correlation.Add(row.Actual, row.Predicted);
        double error = Math.Abs(row.Actual - row.Predicted);
        _absolute?.Add([row.Weight * error, row.Weight]);
        _squared?.Add([row.Weight * error * error, row.Weight]);
        return error;
    }

    internal override RegressionEvaluationMetrics Compute() => new(_errors.Compute(), _median.Compute(), weighted ? null : _correlation.Compute());

    internal override IEnumerable<(string Name, double Value)> Figures(RegressionEvaluationMetrics metrics)
    {
        yield return ("Mean absolute error", metrics.Errors.MeanAbsoluteError);
        yield return ("Root mean squared error", metrics.Errors.RootMeanSquaredError);
        yield return ("R2", metrics.R2);
        if (metrics.Correlation is { Rows: >= 2 } correlation) yield return ("Pearson correlation", correlation.Pearson);
        if (metrics.Correlation is not null) yield return ("Spearman correlation", metrics.Correlation.Spearman);
    }

    internal override (string Expected, string Answered) Describe(JudgedNumber row) => (row.Actual.ToString(CultureInfo.InvariantCulture), row.Predicted.ToString(CultureInfo.InvariantCulture));
}
