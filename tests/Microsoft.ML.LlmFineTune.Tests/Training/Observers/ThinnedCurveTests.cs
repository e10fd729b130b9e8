using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Training.Observers;

public sealed class ThinnedCurveTests
{
    [Fact]
    public void A_short_curve_stays_as_it_is()
    {
        ThinnedCurve curve = new(8);
        for (int x = 1; x <= 8; x++) curve.Add(x, x * x);
        curve.Add(9, double.NaN);
        (double[] xs, double[] ys) = curve.Points();
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], xs);
        Assert.Equal([1, 4, 9, 16, 25, 36, 49, 64], ys);
        Assert.Empty(new ThinnedCurve().Points().X);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(100)]
    [InlineData(12345)]
    public void A_long_one_keeps_its_ends_its_order_and_its_peaks(int count)
    {
        ThinnedCurve curve = new(8);
        int peak = count / 3, low = count / 2;
        for (int x = 1; x <= count; x++) curve.Add(x, x == peak ? 1000 : x == low ? -1000 : Math.Sin(x));
        (double[] xs, double[] ys) = curve.Points();
        Assert.InRange(xs.Length, 5, 32);
        Assert.Equal((1.0, (double)count), (xs[0], xs[^1]));
        Assert.Equal(xs.Order().Distinct(), xs);
        Assert.Equal(1000, ys[Array.IndexOf(xs, peak)]);
        Assert.Equal(-1000, ys[Array.IndexOf(xs, low)]);
        Assert.All(xs.Zip(ys), point => Assert.True(Math.Abs(point.Second) == 1000 || point.Second == Math.Sin(point.First)));
    }

    [Fact]
    public void A_mean_starts_with_its_first_value()
    {
        SmoothedValue mean = new(0.9);
        Assert.True(double.IsNaN(mean.Value));
        mean.Add(5);
        Assert.Equal(5, mean.Value, 1e-12);
        mean.Add(double.PositiveInfinity);
        mean.Add(7);
        Assert.Equal(((0.09 * 5) + (0.1 * 7)) / 0.19, mean.Value, 1e-12);
        SmoothedValue last = new(0);
        last.Add(1);
        last.Add(2);
        Assert.Equal(2, last.Value);
    }
}
