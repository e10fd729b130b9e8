using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class FlatAdamWTests
{
    public FlatAdamWTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(200_003, 70_000)]
    [InlineData(5, 5)]
    [InlineData(40, 0)]
    public void Equals_the_composed_form_on_any_number_of_threads(long elements, long decayEnd)
    {
        using var scope = NewDisposeScope();
        using ReplicaPool pool = new(2);
        Tensor[] alone = Fresh(), shared = Fresh(), composed = Fresh().Select(tensor => tensor.to(ScalarType.Float64)).ToArray();
        for (int step = 1; step <= 3; step++)
        {
            FlatAdamW.Coefficients coefficients = new(0.01, 0.1, 0.9, 0.99, 1e-8, step, 0.5);
            foreach ((Tensor[] set, ReplicaPool? threads) in new[] { (alone, null), (shared, pool), (composed, null) })
            {
                using (no_grad()) set[1].copy_(Numbers.Normal((ulong)(10 + step), elements));
                FlatAdamW.Step(set[0], set[1], set[2], set[3], decayEnd, coefficients, threads);
                Assert.Equal(0, set[1].abs().sum().to(ScalarType.Float32).item<float>());
            }
        }
        for (int i = 0; i < 4; i++)
        {
            Numbers.Close(alone[i], shared[i], 0);
            Numbers.Close(composed[i], alone[i], 2e-6);
        }

        Tensor[] Fresh() => [Numbers.Normal(1, elements), zeros(elements), zeros(elements), zeros(elements)];
    }

    [Fact]
    public void Sizes_must_agree()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => FlatAdamW.Step(ones(4), ones(4), ones(3), ones(4), 0, new FlatAdamW.Coefficients(1, 0, 0.9, 0.99, 1e-8, 1, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => FlatAdamW.Step(ones(4), ones(4), ones(4), ones(4), 5, new FlatAdamW.Coefficients(1, 0, 0.9, 0.99, 1e-8, 1, 1)));
    }
}
