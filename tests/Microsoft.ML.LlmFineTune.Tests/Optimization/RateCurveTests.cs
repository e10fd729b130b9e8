using Microsoft.ML.LlmFineTune.Optimization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class RateCurveTests
{
    [Fact]
    public void Rates_rise_by_one_factor()
    {
        RateRangeOptions options = new() { StartRate = 1e-6, EndRate = 1, Steps = 7 };
        Assert.Equal([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1], Enumerable.Range(0, 7).Select(options.RateAt).Select(rate => Math.Round(rate, 12)));
        Assert.Equal((1e-7, 1.0, 100, 0.9, 4.0), (new RateRangeOptions().StartRate, new RateRangeOptions().EndRate, new RateRangeOptions().Steps, new RateRangeOptions().Smoothing, new RateRangeOptions().DivergenceFactor));
    }

    [Fact]
    public void The_suggestion_is_where_the_loss_falls_fastest_and_divergence_ends_the_test()
    {
        RateCurve curve = new(new RateRangeOptions { StartRate = 1e-6, EndRate = 10, Steps = 141, Smoothing = 0 });
        while (!curve.IsFinished)
        {
            // A fall around 1e-3, a rise beyond 0.1.
            double place = Math.Log10(curve.NextRate);
            curve.Add(3 - (2 / (1 + Math.Exp(-4 * (place + 3)))) + Math.Exp(5 * (place + 0.5)));
        }
        Assert.True(curve.HasDiverged);
        Assert.InRange(curve.Points.Count, 100, 140);
        Assert.Equal(1e-3, curve.Suggest()!.Value, 2e-4);
        Assert.Throws<InvalidOperationException>(() => curve.NextRate);
    }

    [Fact]
    public void The_noise_of_the_first_losses_is_no_fall()
    {
        RateCurve curve = new(new RateRangeOptions { StartRate = 1e-7, EndRate = 1, Steps = 100 });
        // The first loss is by chance higher than the others: the mean falls at once, and faster than it ever does where the rate is right.
        for (int i = 0; i < 100; i++) curve.Add(i == 0 ? 7 : i < 50 ? 5 : i < 70 ? 5 - (0.05 * (i - 49)) : 6);
        Assert.True(curve.Points[1].SmoothedLoss < curve.Points[0].SmoothedLoss - 0.9);
        Assert.InRange(curve.Suggest()!.Value, 1e-4, 1e-2);
    }

    [Fact]
    public void The_running_mean_is_corrected_at_its_start()
    {
        RateCurve curve = new(new RateRangeOptions { Steps = 4, Smoothing = 0.5 });
        foreach (double loss in new[] { 4.0, 4, 2, 2 }) curve.Add(loss);
        Assert.Equal([4, 4, ((0.125 * 4) + (0.25 * 4) + (0.5 * 2)) / 0.875, ((0.0625 * 4) + (0.125 * 4) + (0.25 * 2) + (0.5 * 2)) / 0.9375], curve.Points.Select(point => point.SmoothedLoss));
        Assert.True(curve is { IsFinished: true, HasDiverged: false });
    }

    [Fact]
    public void A_loss_that_is_no_number_ends_the_test_and_nothing_is_suggested_without_a_fall()
    {
        RateCurve curve = new();
        Assert.Null(curve.Suggest());
        for (int i = 0; i < 5; i++) curve.Add(1 + i);
        Assert.Null(curve.Suggest());
        RateCurve broken = new();
        broken.Add(1);
        broken.Add(double.NaN);
        Assert.True(broken.HasDiverged);
        Assert.Single(broken.Points);
        RateRangeOptions options = new();
        foreach (RateRangeOptions bad in new[] { options with { StartRate = 0 }, options with { EndRate = 1e-8 }, options with { Steps = 1 }, options with { Smoothing = 1 }, options with { DivergenceFactor = 1 } })
            Assert.ThrowsAny<ArgumentException>(() => new RateCurve(bad));
    }
}
