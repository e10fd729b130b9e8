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
}
