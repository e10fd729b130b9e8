using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class TrainingOptionsTests
{
    [Fact]
    public void Defaults_are_pinned()
    {
        TrainingOptions options = new();
        Assert.Equal((1, null, 1), (options.Epochs, options.MaximumSteps, options.AccumulatedBatches));
        Assert.Equal((ScheduleKind.Cosine, 0L, 0.0, null), (options.Schedule, options.WarmupSteps, options.ScheduleFloor, options.ScheduleSteps));
        Assert.Equal((1.0, null, null, true), (options.MaximumGradientNorm, options.ValidationInterval, options.EarlyStopping, options.RestoreBest));
        Assert.Equal((1L, null, ComputeDevice.Auto), (options.Seed, options.Replicas, options.Device));
        Assert.Equal(new AdamWOptions(), options.Optimizer);
        EarlyStoppingOptions stopping = new();
        Assert.Equal((3, 0.0, "loss", false), (stopping.Patience, stopping.MinimumImprovement, stopping.Metric, stopping.HigherIsBetter));
        options.Validate();
    }

    [Fact]
    public void Ranges_are_checked()
    {
        TrainingOptions options = new();
        TrainingOptions[] bad =
        [
            options with { Epochs = null }, options with { Epochs = 0 }, options with { MaximumSteps = 0 }, options with { AccumulatedBatches = 0 },
            options with { Optimizer = new AdamWOptions { Beta1 = 2 } }, options with { Schedule = (ScheduleKind)7 }, options with { WarmupSteps = -1 },
            options with { ScheduleFloor = 1.1 }, options with { ScheduleSteps = 0 }, options with { MaximumGradientNorm = 0 }, options with { ValidationInterval = 0 },
            options with { EarlyStopping = new EarlyStoppingOptions { Patience = 0 } }, options with { EarlyStopping = new EarlyStoppingOptions { MinimumImprovement = -1 } },
            options with { Replicas = 0 }, options with { Device = (ComputeDevice)7 },
        ];
        Assert.All(bad, broken => Assert.ThrowsAny<ArgumentException>(broken.Validate));
    }

    [Fact]
    public void The_schedule_is_the_one_that_was_chosen()
    {
        TrainingOptions options = new() { WarmupSteps = 10, ScheduleFloor = 0.1 };
        foreach ((ScheduleKind kind, double end) in new[] { (ScheduleKind.Constant, 1), (ScheduleKind.Linear, 0.1), (ScheduleKind.Cosine, 0.1) })
        {
            Func<long, double> factors = (options with { Schedule = kind }).Factors(100);
            Assert.Equal((0.5, end), (factors(5), Math.Round(factors(100), 12)));
        }
        Assert.Equal(1, (options with { ScheduleSteps = 1000, Schedule = ScheduleKind.Linear }).Factors(100)(10), 1e-12);
        Assert.Equal(0.55, (options with { ScheduleSteps = 210, Schedule = ScheduleKind.Linear }).Factors(100)(110), 1e-12);
    }
}
