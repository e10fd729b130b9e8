using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class GeluTests
{
    public GeluTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(333)]
    public void Equals_the_composed_forms(long count)
    {
        using var scope = NewDisposeScope();
        Tensor x = Numbers.Normal(1, 3, count) * 2;
        Numbers.SameFunction(inputs => Gelu.Exact(inputs[0]), inputs => Gelu.ComposedExact(inputs[0]), [x], 1e-6);
        Numbers.SameFunction(inputs => Gelu.Tanh(inputs[0]), inputs => Gelu.ComposedTanh(inputs[0]), [x], 1e-6);
    }

    [Fact]
    public void Far_arguments_and_NaN_behave()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor([-1e30f, -50f, -10f, 0f, 10f, 50f, 1e30f, float.NaN]);
        foreach (Tensor y in new[] { Gelu.Exact(x), Gelu.Tanh(x) })
        {
            float[] values = y.data<float>().ToArray();
            Assert.All(values[..3], value => Assert.Equal(0, value, 1e-6f));
            Assert.Equal([0f, 10f, 50f, 1e30f], values[3..7]);
            Assert.True(float.IsNaN(values[7]));
        }
    }

    [Fact]
    public void Other_types_are_composed()
    {
        using var scope = NewDisposeScope();
        Tensor x = Numbers.Normal(2, 4, 5).to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, Gelu.Exact(x).dtype);
        Numbers.Close(Gelu.ComposedTanh(x.t()), Gelu.Tanh(x.t()), 0);
    }

    [Fact]
    public void Second_derivatives_are_right()
    {
        using var scope = NewDisposeScope();
        Tensor values = Numbers.Normal(3, 20);
        foreach ((Func<Tensor, Tensor> kernel, Func<Tensor, Tensor> composed) in new (Func<Tensor, Tensor>, Func<Tensor, Tensor>)[] { (Gelu.Exact, Gelu.ComposedExact), (Gelu.Tanh, Gelu.ComposedTanh) })
        {
            Numbers.Close(Second(composed), Second(kernel), 1e-5);
        }

        Tensor Second(Func<Tensor, Tensor> function)
        {
            Tensor x = Numbers.Leaf(values);
            Tensor first = autograd.grad([function(x).sum()], [x], retain_graph: true, create_graph: true)[0];
            return autograd.grad([(first * first).sum()], [x])[0];
        }
    }
}
