using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class LayerNormalizationTests
{
    public LayerNormalizationTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(1, 128)]
    [InlineData(6, 128)]
    [InlineData(5, 33)]
    [InlineData(4, 7)]
    public void Equals_the_composed_form(long rows, long width)
    {
        using var scope = NewDisposeScope();
        Tensor x = (Numbers.Normal(1, 2, rows, width) * 3) + 5, weight = Numbers.Normal(2, width), bias = Numbers.Normal(3, width);
        Numbers.SameFunction(inputs => LayerNormalization.Apply(inputs[0], inputs[1], inputs[2]), inputs => LayerNormalization.Composed(inputs[0], inputs[1], inputs[2], 1e-5), [x, weight, bias], 5e-6);
        Numbers.SameFunction(inputs => LayerNormalization.Apply(inputs[0], inputs[1], null, 1e-3), inputs => LayerNormalization.Composed(inputs[0], inputs[1], null, 1e-3), [x, weight], 5e-6);
    }

    [Fact]
    public void A_wrong_width_is_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("[4]", Assert.Throws<ArgumentException>(() => LayerNormalization.Apply(ones([2, 4]), ones(3), null)).Message, StringComparison.Ordinal);
    }
}
