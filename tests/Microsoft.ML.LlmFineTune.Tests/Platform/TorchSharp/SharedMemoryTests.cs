using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Platform.TorchSharp;

/// <summary>What flat parameters and replicas rely on: parameters and gradients that are views of other tensors.</summary>
public sealed class SharedMemoryTests
{
    [Fact]
    public void Parameters_and_gradients_may_be_views_of_flat_tensors()
    {
        using Tensor weights = arange(6, float32), gradients = zeros(6);
        using Linear layer = nn.Linear(2, 3, hasBias: false);
        using (no_grad())
        {
            layer.weight.set_(weights.view(3, 2));
            layer.weight.grad = gradients.view(3, 2);
        }
        using Tensor x = tensor(new float[] { 1, 10 }).view(1, 2);
        using Tensor y = layer.call(x);
        Assert.Equal([10f, 32f, 54f], y.data<float>().ToArray());
        y.sum().backward();
        Assert.Equal([1f, 10f, 1f, 10f, 1f, 10f], gradients.data<float>().ToArray());
        using (no_grad()) weights.zero_();
        Assert.Equal(0f, layer.weight.sum().item<float>());
    }

    [Fact]
    public void Replicas_share_weights_and_have_gradients_of_their_own()
    {
        using Tensor weight = ones(2, 2);
        Tensor[] gradients = new Tensor[2];
        Thread[] replicas = [.. Enumerable.Range(0, 2).Select(replica => new Thread(() =>
        {
            Tensor leaf = weight.detach().requires_grad_();
            for (int step = 0; step < 50; step++) (leaf * (replica + 1)).sum().backward();
            gradients[replica] = leaf.grad!;
        }))];
        foreach (Thread replica in replicas) replica.Start();
        foreach (Thread replica in replicas) replica.Join();
        Assert.Equal([50f, 50f, 50f, 50f], gradients[0].data<float>().ToArray());
        Assert.Equal([100f, 100f, 100f, 100f], gradients[1].data<float>().ToArray());
        Assert.Null(weight.grad);
    }

    [Fact]
    public void An_array_is_shared_or_copied_as_the_name_says()
    {
        float[] numbers = [1, 2, 3];
        using Tensor shared = from_array(numbers), copied = tensor(numbers);
        numbers[0] = 7;
        Assert.Equal([7f, 2f, 3f], shared.data<float>().ToArray());
        Assert.Equal([1f, 2f, 3f], copied.data<float>().ToArray());
    }

    [Fact]
    public void Equal_seeds_draw_equal_numbers_in_any_thread()
    {
        float[][] draws = new float[2][];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(k => new Thread(() =>
        {
            using Generator generator = new(42);
            using Tensor t = empty(100).normal_(0, 1, generator);
            draws[k] = t.data<float>().ToArray();
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(draws[0], draws[1]);
        Assert.NotEqual(draws[0][0], draws[0][1]);
    }
}
