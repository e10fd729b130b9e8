using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class TemperatureTests
{
    [Theory]
    [InlineData("moderate", TemperatureOutcome.Fitted)]
    [InlineData("separable", TemperatureOutcome.Separable)]
    [InlineData("always_wrong", TemperatureOutcome.Uninformative)]
    [InlineData("all_logits_zero", TemperatureOutcome.Flat)]
    public void Equals_the_reference(string name, TemperatureOutcome outcome)
    {
        JsonNode @case = MetricFixture.Case("classification", name), expected = @case["expected"]!;
        TemperatureScaling scaling = Of(@case["inputs"]!["logits"]!.Rows(), @case["inputs"]!["y_true"]!.Ints()).Compute();
        Assert.Equal(outcome, scaling.Outcome);
        Assert.Equal(expected["nll_before"]!.Number(), scaling.LossBefore, 12);
        if (outcome == TemperatureOutcome.Fitted)
        {
            Assert.Equal(expected["temperature"]!.Number(), scaling.Temperature!.Value, 1e-6);
            Assert.Equal(expected["nll_after"]!.Number(), scaling.LossAfter!.Value, 12);
            return;
        }
        Assert.Null(scaling.Temperature);
        Assert.Throws<InvalidOperationException>(() => scaling.Apply([1.0, 2.0], new double[2]));
    }

    [Fact]
    public void The_temperature_scales_with_the_logits_and_ignores_offsets()
    {
        JsonNode inputs = MetricFixture.Case("classification", "moderate")["inputs"]!;
        double[][] logits = inputs["logits"]!.Rows();
        int[] actual = inputs["y_true"]!.Ints();
        double once = Of(logits, actual).Compute().Temperature!.Value;
        Assert.Equal(1, Of([.. logits.Select(row => row.Select(logit => 1e-6 * logit).ToArray())], actual).Compute().Temperature!.Value / (1e-6 * once), 9);
        Assert.Equal(1, Of([.. logits.Select(row => row.Select(logit => 1e6 * logit).ToArray())], actual).Compute().Temperature!.Value / (1e6 * once), 9);
        Assert.Equal(once, Of([.. logits.Select((row, i) => row.Select(logit => logit + i).ToArray())], actual).Compute().Temperature!.Value, 9);
        TemperatureAccumulator left = Of(logits[..10], actual[..10]);
        left.Merge(Of(logits[10..], actual[10..]));
        Assert.Equal(once, left.Compute().Temperature!.Value, 12);
        // A minimum: the loss is greater on both sides.
        double Loss(double temperature) => Of([.. logits.Select(row => row.Select(logit => logit / temperature).ToArray())], actual).Compute().LossBefore;
        Assert.True(Loss(once) < Loss(once * 1.001) && Loss(once) < Loss(once / 1.001));
    }

    [Fact]
    public void Probabilities_are_the_softmax_at_the_temperature()
    {
        double[] probabilities = new double[2];
        new TemperatureScaling(TemperatureOutcome.Fitted, 2, 0, 0).Apply([1000 + (2 * Math.Log(3)), 1000], probabilities);
        Assert.Equal(0.75, probabilities[0], 12);
        Assert.Equal(0.25, probabilities[1], 12);
    }

    [Fact]
    public void Bad_rows_are_named()
    {
        TemperatureAccumulator accumulator = new(2);
        Assert.StartsWith("Row 0: the logit must be finite", Assert.Throws<ArgumentException>(() => accumulator.Add([double.NegativeInfinity, 0], 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => accumulator.Add([0f, 0f], 2));
        Assert.Throws<ArgumentException>(() => accumulator.Add([0.0], 0));
        Assert.Throws<InvalidOperationException>(() => accumulator.Compute());
    }

    private static TemperatureAccumulator Of(double[][] logits, int[] actual)
    {
        TemperatureAccumulator accumulator = new(logits[0].Length);
        for (int i = 0; i < logits.Length; i++) accumulator.Add(logits[i], actual[i]);
        return accumulator;
    }
}
