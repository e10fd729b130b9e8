using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>Temperature scaling.</summary>
internal static class TemperatureCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        var (logits, actual) = (c["inputs"].GetProperty("logits").ToRows(), c["inputs"].GetProperty("y_true").ToInts());
        var fitted = new Lazy<TemperatureScaling>(() =>
        {
            var accumulator = new TemperatureAccumulator(logits.Length == 0 ? 2 : logits[0].Length);
            for (var i = 0; i < logits.Length; i++) accumulator.Add(logits[i], actual[i]);
            return accumulator.Compute();
        });
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var (name, value) = (expected.Name, expected.Value);
            switch (name)
            {
                case "nll_before": tally.Number(name, value, () => fitted.Value.LossBefore); break;
                case "nll_after": tally.Number(name, value, () => fitted.Value.LossAfter!.Value); break;
                case "temperature":
                    if (tally.Refused(name, value, () => _ = fitted.Value)) break;
                    tally.Equal(name + " exists", value.IsGiven(), fitted.Value.Temperature is not null);
                    if (value.IsGiven() && fitted.Value.Temperature is { } temperature) tally.Number(name, value.ToDouble(), temperature, 1e-6);
                    break;
                case "reason": tally.Equal(name, value.GetString()!.Split(':')[0], Reason(fitted.Value.Outcome)); break;
                case "ece15_before": tally.Number(name, value, () => Error(new TemperatureScaling(TemperatureOutcome.Fitted, 1, 0, 0))); break;
                // As the temperature.
                case "ece15_after": tally.Number(name, value, () => Error(fitted.Value), 1e-6); break;
                default: throw new UnsupportedException($"there is no {name}");
            }
        }

        double Error(TemperatureScaling by)
        {
            double[][] probabilities = [.. logits.Select(row => new double[row.Length])];
            for (var i = 0; i < logits.Length; i++) by.Apply(logits[i], probabilities[i]);
            return ProbabilityCases.Calibration(probabilities, actual, 15).ExpectedCalibrationError;
        }
    }

    private static string Reason(TemperatureOutcome outcome) => outcome switch
    {
        TemperatureOutcome.Separable => "no positive optimum",
        TemperatureOutcome.Uninformative => "no finite positive optimum",
        TemperatureOutcome.Flat => "flat",
        _ => "fitted",
    };
}
