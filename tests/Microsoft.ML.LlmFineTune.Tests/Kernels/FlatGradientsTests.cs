using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class FlatGradientsTests
{
    public FlatGradientsTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(16)]
    [InlineData(300_000)]
    public void The_sum_and_its_norm_do_not_depend_on_the_threads(long elements)
    {
        using var scope = NewDisposeScope();
        using ReplicaPool pool = new(3);
        Tensor[] alone = Gradients(), shared = Gradients(), composed = Gradients();
        double norm = FlatGradients.SumAndNorm(alone);
        Assert.Equal(norm, FlatGradients.SumAndNorm(shared, pool));
        Assert.Equal(norm, FlatGradients.Composed(composed[0], composed[1..]), 1e-6 * norm);
        Numbers.Close(alone[0], shared[0], 0);
        Numbers.Close(alone[0], composed[0], 0);
        Assert.All(alone.Concat(shared).Concat(composed).Where((_, i) => i % 3 != 0), other => Assert.Equal(0, other.abs().sum().item<float>()));

        Tensor[] Gradients() => [Numbers.Normal(1, elements), Numbers.Normal(2, elements), Numbers.Normal(3, elements)];
    }

    [Fact]
    public void A_NaN_anywhere_shows_in_the_norm()
    {
        using var scope = NewDisposeScope();
        Tensor gradient = ones(100_000);
        gradient[77_777] = float.NaN;
        Assert.True(double.IsNaN(FlatGradients.SumAndNorm([ones(100_000), gradient])));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3.5)]
    [InlineData(double.PositiveInfinity)]
    public void Norms_of_any_power(double power)
    {
        using var scope = NewDisposeScope();
        using ReplicaPool pool = new(2);
        Tensor values = Numbers.Normal(1, 300_000), exact = values.to(ScalarType.Float64);
        double expected = double.IsPositiveInfinity(power) ? exact.abs().max().item<double>() : Math.Pow(exact.abs().pow(power).sum().item<double>(), 1 / power);
        double norm = FlatGradients.SumAndNorm(values, [], pool, power);
        Assert.Equal(expected, norm, 1e-5 * expected);
        Assert.Equal(norm, FlatGradients.SumAndNorm(values, [], null, power));
        Assert.Equal(expected, FlatGradients.SumAndNorm(exact, [], null, power), 1e-10 * expected);
        using (no_grad()) values[5] = tensor(float.NaN);
        Assert.False(double.IsFinite(FlatGradients.SumAndNorm(values, [], null, power)));
        Assert.Throws<ArgumentException>(() => FlatGradients.SumAndNorm(values, [], null, 0));
    }
}
