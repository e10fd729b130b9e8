using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Optimization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class SchedulesTests
{
    [Theory]
    [InlineData("constant")]
    [InlineData("constant_with_warmup")]
    [InlineData("linear")]
    [InlineData("linear_no_warmup")]
    [InlineData("linear_warmup_equals_total")]
    [InlineData("cosine")]
    [InlineData("cosine_cycles_1_25")]
    [InlineData("cosine_with_min_lr_rate")]
    public void Equals_the_fixture_at_every_step(string name)
    {
        JsonNode fixture = JsonNode.Parse(File.ReadAllText("Fixtures/training/schedules.json"))![name]!;
        JsonNode options = fixture["options"]!;
        long warmup = (long?)options["num_warmup_steps"] ?? 0, total = (long?)options["num_training_steps"] ?? 1;
        Func<long, double> schedule = name.Split('_')[0] switch
        {
            "constant" => Schedules.Constant(warmup),
            "linear" => Schedules.Linear(total, warmup),
            _ => Schedules.Cosine(total, warmup, (double?)options["min_lr_rate"] ?? 0, (double?)options["num_cycles"] ?? 0.5),
        };
        double[] expected = fixture["multipliers"]!.AsArray().Select(value => (double)value!).ToArray();
        for (int step = 0; step < expected.Length; step++) Assert.Equal(expected[step], schedule(step), 1e-12);
    }

    [Fact]
    public void The_floor_is_where_the_line_and_the_curve_end()
    {
        Assert.Equal(0.1, Schedules.Linear(2000, 100, 0.1)(2000), 1e-12);
        Assert.Equal(0.1, Schedules.Cosine(2000, 100, 0.1)(2000), 1e-12);
        Assert.Equal(0.55, Schedules.Linear(2000, 100, 0.1)(1050), 1e-12);
    }

    [Fact]
    public void Bad_numbers_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedules.Linear(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedules.Cosine(10, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedules.Cosine(10, 0, 1.5));
    }
}
