using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

/// <summary>Gradients of gradients: of kernels, and of what they are composed of.</summary>
public sealed class SecondDerivativeTests
{
    public SecondDerivativeTests() => NativeRuntime.Initialize();

    [Fact]
    public void Of_layer_norm()
    {
        using var scope = NewDisposeScope();
        Tensor weight = Numbers.Leaf(Numbers.Normal(2, 20)), bias = Numbers.Leaf(Numbers.Normal(3, 20));
        Same(x => LayerNormalization.Apply(x, weight, bias).pow(2), x => (LayerNormalization.WrittenOut(x, weight, 1e-5) + bias).pow(2), Numbers.Normal(1, 3, 20));
    }

    [Fact]
    public void Of_attention()
    {
        using var scope = NewDisposeScope();
        Same(x => CausalAttention.Apply(x, 2), x => CausalAttentionTests.WrittenOut(x, 2), Numbers.Normal(1, 2, 6, 96));
    }

    [Fact]
    public void Of_cross_entropy()
    {
        using var scope = NewDisposeScope();
        Tensor targets = tensor([3L, -100, 0]);
        Same(x => SoftmaxCrossEntropy.Sum(x, targets), x => SoftmaxCrossEntropy.Composed(x, targets, -100), Numbers.Normal(1, 3, 7));
    }

    [Fact]
    public void Of_dropout()
    {
        using var scope = NewDisposeScope();
        Tensor values = Numbers.Normal(1, 40), mask = Dropout.Apply(ones(40), 0.3, new RandomStream(4));
        Same(x => Dropout.Apply(x, 0.3, new RandomStream(4)).pow(3), x => (x * mask).pow(3), values);
    }

    private static void Same(Func<Tensor, Tensor> kernel, Func<Tensor, Tensor> composed, Tensor values)
    {
        Numbers.Close(Second(composed), Second(kernel), 2e-5);

        Tensor Second(Func<Tensor, Tensor> function)
        {
            Tensor x = Numbers.Leaf(values);
            Tensor first = autograd.grad([function(x).sum()], [x], retain_graph: true, create_graph: true)[0];
            return autograd.grad([(first * first).sum()], [x])[0];
        }
    }
}
