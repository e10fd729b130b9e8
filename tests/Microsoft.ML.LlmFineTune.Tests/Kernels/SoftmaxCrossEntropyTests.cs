using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class SoftmaxCrossEntropyTests
{
    public SoftmaxCrossEntropyTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(1, 2)]
    [InlineData(7, 65)]
    [InlineData(5, 32)]
    [InlineData(3, 1001)]
    public void Equals_the_composed_form(long rows, long classes)
    {
        using var scope = NewDisposeScope();
        Tensor targets = (arange(rows) * 7) % classes;
        if (rows > 2) targets[2] = -100;
        Numbers.SameFunction(inputs => SoftmaxCrossEntropy.Sum(inputs[0], targets), inputs => SoftmaxCrossEntropy.Composed(inputs[0], targets, -100), [Numbers.Normal(1, rows, classes) * 4], 2e-6);
    }

    [Fact]
    public void Equals_the_fixture()
    {
        using var scope = NewDisposeScope();
        JsonNode fixture = JsonNode.Parse(File.ReadAllText("Fixtures/training/cross_entropy.json"))!["cross_entropy_sum"]!;
        Tensor logits = Matrix(fixture["inputs"]!["logits"]!).requires_grad_();
        Tensor targets = tensor(fixture["inputs"]!["labels"]!.AsArray().Select(label => (long)label!).ToArray());
        Tensor loss = SoftmaxCrossEntropy.Sum(logits, targets);
        Assert.Equal((double)fixture["loss_fp64"]!, loss.item<float>(), 1e-5 * (double)fixture["loss_fp64"]!);
        loss.backward();
        Numbers.Close(Matrix(fixture["grad_logits"]!), logits.grad!, 1e-6);
    }

    [Fact]
    public void A_second_backward_and_a_factor_give_the_same_gradient()
    {
        using var scope = NewDisposeScope();
        Tensor logits = Numbers.Leaf(Numbers.Normal(2, 4, 9)), targets = tensor([0L, 3, -100, 8]);
        Tensor loss = SoftmaxCrossEntropy.Sum(logits, targets);
        loss.backward([], retain_graph: true);
        Tensor once = logits.grad!.clone();
        loss.backward();
        Numbers.Close(once * 2, logits.grad!, 0);
        logits.grad!.zero_();
        (SoftmaxCrossEntropy.Sum(logits, targets) * 0.5).backward();
        Numbers.Close(once * 0.5, logits.grad!, 1e-7);
    }

    [Fact]
    public void Large_logits_stay_finite_and_ignored_rows_cost_nothing()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor([1e4f, -1e4f, 0f, 3f], 2, 2).requires_grad_();
        Tensor loss = SoftmaxCrossEntropy.Sum(logits, tensor([1L, -100]));
        Assert.Equal(2e4f, loss.item<float>());
        loss.backward();
        Assert.Equal([1f, -1f, 0f, 0f], logits.grad!.data<float>().ToArray());
        Assert.Equal(0, SoftmaxCrossEntropy.Sum(logits, tensor([-1L, -1]), ignoreIndex: -1).item<float>());
    }

    [Fact]
    public void NaN_is_not_hidden()
    {
        using var scope = NewDisposeScope();
        Assert.True(float.IsNaN(SoftmaxCrossEntropy.Sum(tensor([float.NaN, 1f, 2f], 1, 3), tensor([1L])).item<float>()));
    }

    [Fact]
    public void Bad_targets_and_shapes_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("0 to 2", Assert.Throws<ArgumentOutOfRangeException>(() => SoftmaxCrossEntropy.Sum(ones([1, 3]), tensor([3L]))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SoftmaxCrossEntropy.Sum(ones([2, 3]), tensor([1L])));
        Assert.Throws<ArgumentException>(() => SoftmaxCrossEntropy.Sum(ones([1, 3]), tensor([1])));
    }

    private static Tensor Matrix(JsonNode rows)
    {
        float[][] values = rows.AsArray().Select(row => row!.AsArray().Select(value => (float)value!).ToArray()).ToArray();
        return tensor(values.SelectMany(row => row).ToArray(), values.Length, values[0].Length);
    }
}
