using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class CausalAttentionTests
{
    public CausalAttentionTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(2, 64, 4, 32)]
    [InlineData(1, 1, 1, 16)]
    [InlineData(3, 17, 2, 48)]
    [InlineData(1, 100, 3, 64)]
    [InlineData(2, 9, 2, 8)] // heads that are no whole vectors are composed
    public void Equals_the_composed_form(long batch, long sequence, int heads, long headSize)
    {
        using var scope = NewDisposeScope();
        Tensor input = Numbers.Normal(1, batch, sequence, 3 * heads * headSize);
        Numbers.SameFunction(inputs => CausalAttention.Apply(inputs[0], heads), inputs => WrittenOut(inputs[0], heads), [input], 2e-6);
    }

    [Fact]
    public void Later_positions_change_nothing_before_them()
    {
        using var scope = NewDisposeScope();
        Tensor input = Numbers.Normal(2, 1, 40, 96), changed = input.clone();
        changed.narrow(1, 23, 17).fill_(1e3);
        Assert.Equal(CausalAttention.Apply(input, 2).narrow(1, 0, 23).contiguous().data<float>().ToArray(), CausalAttention.Apply(changed, 2).narrow(1, 0, 23).contiguous().data<float>().ToArray());
    }

    [Fact]
    public void Large_scores_stay_finite()
    {
        using var scope = NewDisposeScope();
        Tensor input = Numbers.Leaf(Numbers.Normal(3, 1, 20, 48) * 300);
        Tensor output = CausalAttention.Apply(input, 1);
        output.sum().backward();
        Assert.True(output.isfinite().all().item<bool>());
        Assert.True(input.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void A_width_that_does_not_divide_is_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("3 * heads * headSize", Assert.Throws<ArgumentException>(() => CausalAttention.Apply(ones([1, 2, 10]), 2)).Message, StringComparison.Ordinal);
    }

    internal static Tensor WrittenOut(Tensor input, int heads)
    {
        (long batch, long sequence, long width) = (input.shape[0], input.shape[1], input.shape[2] / 3);
        Tensor[] parts = input.chunk(3, -1).Select(part => part.reshape(batch, sequence, heads, width / heads).transpose(1, 2)).ToArray();
        Tensor scores = parts[0].matmul(parts[1].transpose(2, 3)) / Math.Sqrt(width / heads);
        Tensor barred = ones([sequence, sequence], ScalarType.Bool).triu(1);
        return scores.masked_fill(barred, double.NegativeInfinity).softmax(-1).matmul(parts[2]).transpose(1, 2).reshape(batch, sequence, width);
    }
}
