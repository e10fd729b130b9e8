using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/regression.json: errors of numbers, and correlations.</summary>
internal sealed class RegressionReader : CaseReader
{
    public override bool Reads(string file) => file == "regression.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var inputs = c["inputs"];
        var (actual, predicted, weights) = (inputs.GetProperty("y_true").ToDoubles(), inputs.GetProperty("y_pred").ToDoubles(), Expectation.Weights(inputs));
        // The fixtures' own tolerance for values far from 0.
        var tolerance = c.Name.StartsWith("large_offset", StringComparison.Ordinal) ? 1e-7 : Expectation.Tolerance;
        var errors = new Lazy<RegressionMetrics>(() =>
        {
            var accumulator = new RegressionAccumulator();
            accumulator.AddRange(actual, predicted, weights);
            return accumulator.Compute();
        });
        var correlations = new Lazy<CorrelationMetrics>(() =>
        {
            var accumulator = new CorrelationAccumulator();
            accumulator.AddRange(actual, predicted);
            return accumulator.Compute();
        });
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var (name, value) = (expected.Name, expected.Value);
            if (name is "ranks_true" or "ranks_pred")
            {
                tally.Numbers(name, value, () => name == "ranks_true" ? correlations.Value.ActualRanks : correlations.Value.PredictedRanks, 0);
                continue;
            }
            tally.Number(name, value, name switch
            {
                "mse" => () => errors.Value.MeanSquaredError,
                "rmse" => () => errors.Value.RootMeanSquaredError,
                "mae" => () => errors.Value.MeanAbsoluteError,
                "median_ae" => Median,
                "max_error" => () => errors.Value.MaximumError,
                "r2" => () => errors.Value.R2(),
                "r2_not_forced_finite" => () => errors.Value.R2(forceFinite: false),
                "explained_variance" => () => errors.Value.ExplainedVariance(),
                "explained_variance_not_forced_finite" => () => errors.Value.ExplainedVariance(forceFinite: false),
                "mape" => () => errors.Value.MeanAbsolutePercentageError,
                "pearson" => () => correlations.Value.Pearson,
                "spearman" => () => correlations.Value.Spearman,
                "kendall_tau_b" => () => correlations.Value.KendallTauB,
                "kendall_tau_c" => () => correlations.Value.KendallTauC,
                _ => throw new UnsupportedException($"there is no {name}"),
            }, tolerance);
        }

        double Median()
        {
            var accumulator = new MedianErrorAccumulator();
            for (var i = 0; i < actual.Length; i++) accumulator.Add(actual[i], predicted[i], weights.Length == 0 ? 1 : weights[i]);
            return accumulator.Compute();
        }
    }
}
