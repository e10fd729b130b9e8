using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class WeightAverageTests
{
    public WeightAverageTests() => NativeRuntime.Initialize();

    [Fact]
    public void It_stands_in_for_the_weights_and_goes_again()
    {
        using var scope = NewDisposeScope();
        using Plain model = new(("a", zeros(2, 2)));
        using FlatParameters flat = FlatParameters.Adopt(model);
        using WeightAverage average = new(flat, new WeightAverageOptions { Decay = 0.5 });
        using (no_grad()) flat.Weights.fill_(1);
        average.Update();
        average.SwapIn();
        Assert.Equal(0.5f, model.parameters().Single().mean().item<float>());
        Assert.Throws<InvalidOperationException>(average.Update);
        Assert.Throws<InvalidOperationException>(average.SwapIn);
        average.SwapOut();
        Assert.Equal(1f, model.parameters().Single().mean().item<float>());
        Assert.Throws<InvalidOperationException>(average.SwapOut);
    }

    [Theory]
    [InlineData(WeightAverageKind.Plain)]
    [InlineData(WeightAverageKind.Warmup)]
    [InlineData(WeightAverageKind.Debiased)]
    public void A_saved_average_continues_bit_for_bit(WeightAverageKind kind)
    {
        using var scope = NewDisposeScope();
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        WeightAverageOptions options = new() { Decay = 0.9, Kind = kind };
        using WeightAverage average = new(flat, options), resumed = new(flat, options);
        Numbers.Close(flat.Weights, average.Current(), 0);
        for (int step = 0; step < 5; step++)
        {
            using (no_grad()) flat.Weights.mul_(1.5);
            average.Update();
            if (step == 2) resumed.Restore(average.Updates, average.Running);
            else if (step > 2) resumed.Update();
        }
        Numbers.Close(average.Current(), resumed.Current(), 0);
        Assert.Throws<ArgumentException>(() => resumed.Restore(1, zeros(3)));
        Assert.ThrowsAny<ArgumentException>(() => new WeightAverage(flat, options with { Decay = 1 }));
    }

    [Fact]
    public void A_loss_scale_falls_grows_and_continues()
    {
        DynamicLossScale scale = new(new LossScaleOptions { GrowthInterval = 2, InitialScale = 8 }), resumed = new();
        foreach (bool isFinite in new[] { true, true, false, true }) scale.Update(isFinite);
        Assert.Equal((8.0, 1L), (scale.Scale, scale.GrowthTracker));
        resumed.Restore(scale.Scale, scale.GrowthTracker);
        Assert.Equal((8.0, 1L), (resumed.Scale, resumed.GrowthTracker));
        DynamicLossScale largest = new(new LossScaleOptions { InitialScale = float.MaxValue, GrowthInterval = 1 });
        largest.Update(true);
        Assert.Equal(float.MaxValue, largest.Scale);
        LossScaleOptions options = new();
        Assert.Equal((65536.0, 2.0, 0.5, 2000L), (options.InitialScale, options.GrowthFactor, options.BackoffFactor, options.GrowthInterval));
        foreach (LossScaleOptions bad in new[] { options with { InitialScale = 0 }, options with { GrowthFactor = 1 }, options with { BackoffFactor = 1 }, options with { BackoffFactor = 0 }, options with { GrowthInterval = 0 } })
            Assert.Throws<ArgumentOutOfRangeException>(bad.Validate);
    }
}
