using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class DropoutTests
{
    public DropoutTests() => NativeRuntime.Initialize();

    [Fact]
    public void Elements_are_dropped_as_the_stream_says()
    {
        using var scope = NewDisposeScope();
        RandomStream stream = new(5), draws = new(5);
        const int Count = 10_003;
        for (int call = 0; call < 2; call++)
        {
            float[] expected = Enumerable.Range(0, Count).Select(_ => draws.NextUInt64() / Math.Pow(2, 64) < 0.25 ? 0 : 1 / 0.75f).ToArray();
            float[] actual = Dropout.Apply(ones(Count), 0.25, stream).data<float>().ToArray();
            Assert.Equal(expected, actual);
            Assert.Equal(0.25, actual.Count(value => value == 0) / (double)Count, 0.02);
        }
    }

    [Fact]
    public void The_gradient_goes_where_the_values_went()
    {
        using var scope = NewDisposeScope();
        Tensor x = Numbers.Leaf(ones([7, 30]));
        Tensor y = Dropout.Apply(x, 0.4, new RandomStream(6));
        y.sum().backward();
        Numbers.Close(y, x.grad!, 0);
    }

    [Fact]
    public void Other_types_draw_from_the_stream_too()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(2000, ScalarType.Float64);
        Tensor one = Dropout.Apply(x, 0.5, new RandomStream(7)), same = Dropout.Apply(x, 0.5, new RandomStream(7)), other = Dropout.Apply(x, 0.5, new RandomStream(8));
        Numbers.Close(one, same, 0);
        Assert.False(one.allclose(other));
        Assert.Equal(1, one.mean().item<double>(), 0.1);
    }

    [Fact]
    public void Zero_draws_nothing_and_one_is_refused()
    {
        using var scope = NewDisposeScope();
        RandomStream stream = new(9);
        Tensor x = ones(3);
        Assert.Same(x, Dropout.Apply(x, 0, stream));
        Assert.Equal(0UL, stream.Position);
        Assert.Throws<ArgumentOutOfRangeException>(() => Dropout.Apply(x, 1, stream));
    }
}
