using System.Globalization;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Training.Observers;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class TrainingLogTests
{
    [Theory]
    // A run that takes a second has its lines by steps.
    [InlineData(100, 0.01, 100, "1 5 10 15 20 25 30 35 40 45 50 55 60 65 70 75 80 85 90 95 100")]
    // Where nobody knows when it ends, or a twentieth of it takes hours, there is a line a minute.
    [InlineData(long.MaxValue, 10, 20, "1 7 13 19")]
    [InlineData(1_000_000, 25, 10, "1 4 7 10")]
    public void Lines_come_now_and_then(long total, double secondsOfAStep, int steps, string expected)
    {
        MLContext ml = new(1);
        LogLines log = new(ml);
        ObserverRuns.StandingClock clock = new();
        using IChannel channel = ((IHostEnvironment)ml).Register("test").Start("Training");
        TrainingLog training = new(channel) { Clock = clock };
        training.Started(new TrainingStart(ObserverRuns.Options, new ReplicaPlan(1, 1, "test"), 1, total, "cpu"));
        for (int step = 1; step <= steps; step++)
        {
            training.Stepped(new TrainingStep(step, total, 0, 1, 0.001, 1, 30, 3, total == long.MaxValue ? TimeSpan.MaxValue : TimeSpan.FromMinutes(2)));
            clock.Passed += TimeSpan.FromSeconds(secondsOfAStep);
        }
        string[] lines = [.. log.All.Select(line => line.Text).Where(line => line.StartsWith("Step ", StringComparison.Ordinal))];
        Assert.Equal(expected, string.Join(' ', lines.Select(line => line.Split(' ', ',')[1])));
        bool endless = total == long.MaxValue;
        Assert.Contains(endless ? "on cpu, steps without end; 1 replicas" : string.Create(CultureInfo.InvariantCulture, $"on cpu, {total:N0} steps; 1 replicas"), Assert.Single(log.All, line => line.Text.Contains("replicas", StringComparison.Ordinal)).Text, StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Matches(endless ? @"^Step \d+, epoch 1: loss 1\.0000, learning rate 0\.001, 3 tokens/s\.$" : @"^Step \d+ of \d+, epoch 1: .*, 2:00 left\.$", line));
    }
}
