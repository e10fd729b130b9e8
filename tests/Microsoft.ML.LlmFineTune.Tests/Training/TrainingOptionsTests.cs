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
        Assert.Equal((0.0, 0.0, 0.0), (options.EmbeddingNoise, options.StartPenalty, options.Mixout));
        Assert.Equal((null, null, null, null), (options.Precision, options.AllowTensorFloat32, options.Freezing, options.WeightAverage));
        Assert.Equal((null, false, false, null), (options.Checkpoints, options.RecomputeActivations, options.ReturnFreedMemory, options.MemoryLimit));
        Assert.Equal(new LossScaleOptions(), options.LossScale);
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
            options with { EmbeddingNoise = -1 }, options with { EmbeddingNoise = double.NaN }, options with { StartPenalty = -1 }, options with { Mixout = 1 }, options with { Mixout = -0.1 }, options with { MemoryLimit = 0 },
            options with { Precision = (TrainingPrecision)9 }, options with { WeightAverage = new WeightAverageOptions { Decay = 1 } }, options with { LossScale = new LossScaleOptions { InitialScale = 0 } },
            options with { Checkpoints = new CheckpointOptions { Folder = "x", EverySteps = 0 } }, options with { Freezing = new FreezingOptions { LastLayers = -1 } },
            options with { Replicas = 0 }, options with { Device = (ComputeDevice)7 },
        ];
        Assert.All(bad, broken => Assert.ThrowsAny<ArgumentException>(broken.Validate));
    }
}
