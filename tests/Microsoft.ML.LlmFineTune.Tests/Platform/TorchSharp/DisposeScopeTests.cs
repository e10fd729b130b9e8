using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Tests.Platform.TorchSharp;

/// <summary>What the training loop relies on: a step inside of a scope leaves nothing behind.</summary>
public sealed class DisposeScopeTests
{
    [Fact]
    public void A_step_in_a_scope_leaves_no_tensor_behind()
    {
        using nn.Module<Tensor, Tensor> layer = nn.Linear(3, 2);
        using Tensor input = ones(4, 3);
        ThreadDisposeScopeStatistics counts = DisposeScopeManager.Statistics;
        counts.Reset();
        for (int step = 0; step < 3; step++)
        {
            using (NewDisposeScope())
            {
                Tensor loss = F.scaled_dot_product_attention(layer.call(input), layer.call(input), layer.call(input), is_casual: true).square().mean();
                loss.backward();
                foreach (Tensor parameter in layer.parameters()) parameter.grad!.zero_();
            }
            Assert.Equal(0, counts.ThreadTotalLiveCount);
        }
        Assert.True(counts.CreatedInScopeCount > 0);
        Assert.Null(CurrentDisposeScope);
    }

    [Fact]
    public void Scopes_belong_to_their_thread()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? made = null;
        bool none = false;
        Thread other = new(() =>
        {
            none = CurrentDisposeScope is null;
            made = ones(2);
        });
        other.Start();
        other.Join();
        Assert.True(none);
        Assert.False(scope.Contains(made!));
        made!.Dispose();
    }

    [Fact]
    public void A_view_that_left_its_scope_keeps_the_memory()
    {
        Tensor view;
        using (NewDisposeScope()) view = arange(6)[TensorIndex.Slice(2, 4)].DetachFromDisposeScope();
        using (view) Assert.Equal([2L, 3L], view.data<long>().ToArray());
    }
}
