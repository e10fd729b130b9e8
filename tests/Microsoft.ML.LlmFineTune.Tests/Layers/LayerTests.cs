using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Layers;

public sealed class LayerTests
{
    public LayerTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData("gelu", 1.0, 0.8413447460685429)]
    [InlineData("gelu", -0.5, -0.15426876936299344)]
    [InlineData("gelu_new", 1.0, 0.8411919906082768)]
    [InlineData("gelu_pytorch_tanh", -0.5, -0.15428599017485606)]
    [InlineData("relu", -0.5, 0.0)]
    [InlineData("relu", 1.5, 1.5)]
    [InlineData("silu", 1.0, 0.7310585786300049)]
    [InlineData("swish", -0.5, -0.18877033439907273)]
    [InlineData("tanh", 1.0, 0.7615941559557649)]
    public void ActivationsByTheirFormulas(string name, double x, double expected) =>
        Assert.Equal(expected, Activation.ByName(name)(tensor(new[] { (float)x })).item<float>(), 1e-6);

    [Fact]
    public void AnUnknownActivationIsNamedBesideTheKnown() =>
        Assert.Contains("'gelo'; known are gelu, gelu_10", Assert.Throws<ArgumentException>(() => Activation.ByName("gelo")).Message, StringComparison.Ordinal);

    [Fact]
    public void LinearAndNormByHand()
    {
        using Linear linear = new(2, 3);
        using LayerNorm norm = new(2, epsilon: 1e-5, hasBias: false);
        norm.Initialize();
        using IDisposable withoutGradients = no_grad();
        linear.Weight.copy_(tensor(new float[] { 1, 2, 3, 4, 5, 6 }, [3, 2]));
        linear.Bias!.copy_(tensor(new float[] { 10, 20, 30 }));
        GoldenModel.AssertClose("linear", tensor(new float[] { 15, 31, 47 }, [1, 3]), linear.forward(tensor(new float[] { 1, 2 }, [1, 2])), 0);
        GoldenModel.AssertClose("norm", tensor(new[] { -0.99998f, 0.99998f }, [1, 2]), norm.forward(tensor(new float[] { 1, 3 }, [1, 2])), 1e-4);
    }

    [Fact]
    public void BiasBarsTheFutureAndThePadding()
    {
        Tensor causal = AttentionBias.Causal(2, 3, null, null, ScalarType.Float32);
        Assert.Equal([0, 0, float.MinValue, 0, 0, 0], causal.data<float>());
        Tensor padded = AttentionBias.Causal(2, 3, tensor([false, true, true], [1, 3]), null, ScalarType.Float32);
        Assert.Equal([1, 1, 2, 3], padded.shape);
        Assert.Equal([float.MinValue, 0, float.MinValue, float.MinValue, 0, 0], padded.data<float>());
    }

    [Fact]
    public void PoolingByHand()
    {
        Tensor hidden = arange(0, 12, dtype: ScalarType.Float32).view(2, 3, 2);
        Tensor tokens = tensor(new long[] { 4, 9, 9, 4, 9, 5 }, [2, 3]), mask = tensor([true, true, false, true, true, true], [2, 3]);
        AssertRows([4, 5, 10, 11], SequencePooling.LastToken(hidden, tokens, null, null));
        AssertRows([2, 3, 10, 11], SequencePooling.LastToken(hidden, tokens, mask, null));
        AssertRows([0, 1, 10, 11], SequencePooling.LastToken(hidden, tokens, mask, 9));
        AssertRows([2, 3, 8, 9], SequencePooling.Mean(hidden, tokens, null, null));
        AssertRows([1, 2, 8, 9], SequencePooling.Mean(hidden, tokens, mask, 9));
        AssertRows([0, 1, 8, 9], SequencePooling.Mean(hidden, tokens, null, 9));
        AssertRows([0, 1, 0, 0], SequencePooling.Mean(hidden, tokens, tensor([true, false, false, false, false, false], [2, 3]), null));

        static void AssertRows(float[] expected, Tensor actual) => Assert.Equal(expected, actual.contiguous().data<float>());
    }

    [Fact]
    public void ACacheKeepsRowsAndRefusesWhatDoesNotFit()
    {
        using KvCache cache = new(layers: 1, batch: 3, heads: 1, capacity: 2, headSize: 1);
        Tensor keys = tensor(new float[] { 1, 2, 3 }, [3, 1, 1, 1]);
        cache.Append(0, keys, -keys);
        cache.Advance(1);
        cache.Keep([2, 0]);
        Assert.Equal(2, cache.Batch);
        (Tensor allKeys, Tensor allValues) = cache.Append(0, tensor(new float[] { 30, 10 }, [2, 1, 1, 1]), tensor(new float[] { -30, -10 }, [2, 1, 1, 1]));
        Assert.Equal([3, 30, 1, 10], allKeys.contiguous().data<float>());
        Assert.Equal([-3, -30, -1, -10], allValues.contiguous().data<float>());
        cache.Advance(1);
        Assert.Throws<InvalidOperationException>(() => cache.Append(0, zeros(2, 1, 1, 1), zeros(2, 1, 1, 1)));
        cache.Clear();
        Assert.Equal(0, cache.Length);
        Assert.Throws<ArgumentException>(() => cache.Keep([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Keep([2]));
    }

    [Fact]
    public void DropoutKeepsTheMeanAndRestsInEvaluation()
    {
        ModelRandom random = new();
        random.Reseed(new RandomStream(1));
        Dropout dropout = new(0.25, random);
        Tensor x = ones(100_000);
        Tensor dropped = dropout.Apply(x, training: true);
        Assert.Equal(0.25, dropped.eq(0).to(ScalarType.Float32).mean().item<float>(), 0.01);
        Assert.Equal(1, dropped.mean().item<float>(), 0.01);
        Assert.Same(x, dropout.Apply(x, training: false));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(1, random));
    }

    [Fact]
    public void TheRowOfPaddingIsLookedUpButNotTrained()
    {
        Embedding table = new(5, 3, padding: 2);
        table.Initialize(new RandomStream(1), 1);
        Assert.True(table.Weight[2].eq(0).all().item<bool>());
        using (no_grad()) table.Weight[2].fill_(7);
        Tensor ids = tensor([2L, 0, 2, 4], [2, 2]);
        Tensor rows = table.forward(ids);
        Assert.True(rows[0][0].eq(7).all().item<bool>());
        rows.sum().backward();
        Assert.Equal([1f, 0, 0, 0, 1], table.Weight.grad!.select(1, 0).data<float>());
        // What else uses the table trains the row too.
        table.Weight.mul(2).sum().backward();
        Assert.Equal([3f, 2, 2, 2, 3], table.Weight.grad!.select(1, 0).data<float>());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Embedding(5, 3, padding: 5));
    }

    [Fact]
    public void RelativePositionsHaveTheBucketsOfTheReference()
    {
        RelativePositionBias bias = new(buckets: 32, maximumDistance: 128, heads: 2, bothSides: true);
        Tensor distances = tensor([0L, -1, 1, -7, 7, -8, 8, -15, 16, -50, 127, 128, -1000]);
        Assert.Equal([0L, 1, 17, 7, 23, 8, 24, 9, 26, 13, 31, 31, 15], bias.Buckets(distances).data<long>());
    }
}
