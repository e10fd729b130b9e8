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
        Assert.Equal(new CosineSchedule(), options.Schedule);
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
            options with { Optimizer = new AdamWOptions { Beta1 = 2 } }, options with { Schedule = new CosineSchedule { WarmupSteps = -1 } }, options with { Schedule = new PlateauSchedule { HigherIsBetter = true } },
            options with { MaximumGradientNorm = 0 }, options with { ValidationInterval = 0 },
            options with { EarlyStopping = new EarlyStoppingOptions { Patience = 0 } }, options with { EarlyStopping = new EarlyStoppingOptions { MinimumImprovement = -1 } },
            options with { Replicas = 0 }, options with { Device = (ComputeDevice)7 },
        ];
        Assert.All(bad, broken => Assert.ThrowsAny<ArgumentException>(broken.Validate));
    }
}
