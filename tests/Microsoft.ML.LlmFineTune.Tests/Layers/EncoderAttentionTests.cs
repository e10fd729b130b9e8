using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;
using Dropout = Microsoft.ML.LlmFineTune.Layers.Dropout;

namespace Microsoft.ML.LlmFineTune.Tests.Layers;

public sealed class EncoderAttentionTests
{
    public EncoderAttentionTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(1, 32)]
    [InlineData(15, 16)]
    [InlineData(16, 32)]
    [InlineData(17, 64)]
    [InlineData(70, 32)]
    public void The_kernel_gives_what_the_operators_give(int sequence, int headSize)
    {
        const int Batch = 3, Heads = 2;
        int[] lengths = [sequence, (sequence + 1) / 2, 1];
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        (Tensor query, Tensor key, Tensor value) = (Draw(1), Draw(2), Draw(3));
        Tensor mask = tensor([.. lengths.SelectMany(length => Enumerable.Range(0, sequence).Select(column => column < length))], [Batch, sequence]);
        using EncoderContext context = new(zeros([Batch, sequence], dtype: ScalarType.Int64), mask, training: false, maximumLength: null);
        Assert.Equal(lengths, context.Lengths);
        Tensor expected = new DotProductAttention(1 / Math.Sqrt(headSize), new Dropout(0, new ModelRandom())).Apply(Split(query), Split(key), Split(value), context.Bias(query.device, query.dtype), training: false);

        Assert.True(BidirectionalAttention.Fits(query, key, value, Heads));
        Tensor actual = BidirectionalAttention.Apply(query, key, value, Heads, lengths);
        Tensor real = mask.unsqueeze(-1);
        Assert.Equal(0, actual.masked_fill(real, 0).abs().max().item<float>());
        Assert.InRange((expected - actual).masked_fill(real.logical_not(), 0).abs().max().item<float>(), 0, 2e-6f);
        // The layer takes the kernel, and without its conditions the operators.
        EncoderAttention layer = new(Heads, headSize, new Dropout(0, new ModelRandom()));
        Assert.Equal(actual.data<float>().ToArray(), layer.Apply(query, key, value, context).data<float>().ToArray());
        Tensor asDouble = layer.Apply(query.to(ScalarType.Float64), key.to(ScalarType.Float64), value.to(ScalarType.Float64), context).to(ScalarType.Float32);
        Assert.InRange((asDouble - actual).masked_fill(real.logical_not(), 0).abs().max().item<float>(), 0, 2e-6f);

        Tensor Draw(ulong key)
        {
            float[] values = new float[Batch * sequence * Heads * headSize];
            new RandomStream(key).FillNormal(values, 0, 1);
            return tensor(values, [Batch, sequence, Heads * headSize]);
        }

        Tensor Split(Tensor x) => x.view(Batch, sequence, Heads, headSize).transpose(1, 2);
    }

    [Fact]
    public void Padding_before_a_token_is_not_taken_for_a_length()
    {
        using Tensor tokens = zeros([2, 3], dtype: ScalarType.Int64), left = tensor([false, true, true, true, true, true], [2, 3]), hole = tensor([true, false, true, true, true, true], [2, 3]);
        foreach (Tensor mask in (Tensor[])[left, hole])
        {
            using EncoderContext context = new(tokens, mask, training: false, maximumLength: null);
            Assert.False(context.IsPaddedOnTheRight);
            Assert.Null(context.Lengths);
        }
        using EncoderContext unpadded = new(tokens, null, training: false, maximumLength: null);
        Assert.True(unpadded.IsPaddedOnTheRight);
        Assert.Null(unpadded.Lengths);
    }

    [Fact]
    public void Gradients_go_through_the_operators()
    {
        using IDisposable scope = NewDisposeScope();
        Tensor x = ones([1, 4, 32]).requires_grad_(true);
        Assert.False(BidirectionalAttention.Fits(x, x, x, 2));
        using EncoderContext context = new(zeros([1, 4], dtype: ScalarType.Int64), null, training: true, maximumLength: null);
        new EncoderAttention(2, 16, new Dropout(0, new ModelRandom())).Apply(x, x, x, context).sum().backward();
        Assert.Equal(4 * 32, x.grad!.sum().item<float>(), 1e-3f);
    }
}
