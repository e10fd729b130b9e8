using System.Runtime.CompilerServices;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Platform.TorchSharp;

/// <summary>What kernels and activation checkpoints rely on: managed functions in the graph, from many threads.</summary>
public sealed class CustomFunctionTests
{
    /// <summary>factor * x^2, which notes the thread of its backward.</summary>
    private sealed class ScaledSquare : autograd.SingleTensorFunction<ScaledSquare>
    {
        public override string Name => nameof(ScaledSquare);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            Tensor x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("factor", vars[1]);
            ctx.save_data("seen", vars[2]);
            return x.square().mul((double)vars[1]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using DisposeScope scope = NewDisposeScope();
            ((Seen)ctx.get_data("seen")).Thread = Environment.CurrentManagedThreadId;
            Tensor x = ctx.get_saved_variables()[0];
            return [(grad_output * x * (2 * (double)ctx.get_data("factor"))).MoveToOuterDisposeScope(), null!, null!];
        }
    }

    private sealed class Seen
    {
        public int Thread { get; set; }
    }

    [Fact]
    public void Four_threads_of_two_hundred_backwards_get_their_own_gradients()
    {
        const int threads = 4, steps = 200;
        List<string>[] wrong = new List<string>[threads];
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            List<string> found = wrong[worker] = [];
            for (int step = 0; step < steps; step++)
            {
                using DisposeScope scope = NewDisposeScope();
                double factor = worker + 1 + step;
                Seen seen = new();
                Tensor x = tensor(new float[] { 1, -2, 3 }).requires_grad_();
                ScaledSquare.apply(x, factor, seen).sum().backward();
                float[] gradient = x.grad!.data<float>().ToArray();
                float[] expected = [(float)(2 * factor), (float)(-4 * factor), (float)(6 * factor)];
                if (!gradient.SequenceEqual(expected)) found.Add($"{worker}/{step}: {string.Join(' ', gradient)}");
                if (seen.Thread != Environment.CurrentManagedThreadId) found.Add($"{worker}/{step}: backward ran in another thread");
            }
        }))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        Assert.Empty(wrong.SelectMany(found => found));
    }

    [Fact]
    public void A_graph_that_is_gone_keeps_nothing_alive()
    {
        WeakReference kept = Run(backward: true), forgotten = Run(backward: false);
        for (int i = 0; i < 20 && (kept.IsAlive || forgotten.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.False(kept.IsAlive, "after backward, the graph still holds what forward saved");
        Assert.False(forgotten.IsAlive, "a graph without backward still holds what forward saved");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Run(bool backward)
        {
            using DisposeScope scope = NewDisposeScope();
            Seen seen = new();
            Tensor y = ScaledSquare.apply(ones(3).requires_grad_(), 2.0, seen).sum();
            if (backward) y.backward();
            return new WeakReference(seen);
        }
    }

    [Fact]
    public void A_function_without_inputs_that_need_gradients_is_not_recorded()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.False(ScaledSquare.apply(ones(2), 1.0, new Seen()).requires_grad);
        using (no_grad()) Assert.False(ScaledSquare.apply(ones(2).requires_grad_(), 1.0, new Seen()).requires_grad);
        Assert.True(ScaledSquare.apply(ones(2).requires_grad_(), 1.0, new Seen()).requires_grad);
    }
}
