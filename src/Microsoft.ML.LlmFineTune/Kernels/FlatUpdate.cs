using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>One step of any element by element optimizer over flat tensors: a single pass over memory, gradients set to 0 on the way.</summary>
internal static class FlatUpdate
{
    /// <summary>Elements that the composed form takes at once, so that its temporaries stay small.</summary>
    private const long ComposedPiece = 1 << 24;

    /// <summary>Updates weights and states and sets the gradients to 0, within the ranges. The result does not depend on the number of threads.</summary>
    /// <param name="weights">[elements].</param>
    /// <param name="gradients">[elements].</param>
    /// <param name="states">Up to three, flat, of the weights' type and device.</param>
    /// <param name="ranges">What is changed and how; they must not overlap.</param>
    /// <param name="pool">Threads that share the work; null: the caller's alone.</param>
    public static void Run<TRule>(Tensor weights, Tensor gradients, IReadOnlyList<Tensor> states, IReadOnlyList<UpdateRange<TRule>> ranges, ReplicaPool? pool) where TRule : struct, IUpdateRule
    {
        Tensor[] all = [weights, gradients, .. states];
        Require.Argument(states.Count <= 3 && all.All(tensor => tensor.dim() == 1 && tensor.dtype == weights.dtype) && gradients.numel() == weights.numel(),
            "Weights, gradients and states must be flat and of one type, weights and gradients of one size; there are at most three states.");
        foreach (UpdateRange<TRule> range in ranges)
        {
            Require.Within(range.First, 0, weights.numel() - range.Count, nameof(ranges));
            foreach (Tensor state in states) Require.Within(range.StateFirst, 0, state.numel() - range.Count, nameof(ranges));
        }
        bool aligned = ranges.All(range => range.Count % FlatParameters.Alignment == 0);
        if (aligned && Array.TrueForAll(all, TensorMemory.IsDense<float>)) OfMemory<TRule, float>(all, ranges, pool);
        else if (aligned && Array.TrueForAll(all, TensorMemory.IsDense<double>)) OfMemory<TRule, double>(all, ranges, pool);
        else Composed(all, ranges);
    }

    internal static void Composed<TRule>(Tensor[] all, IReadOnlyList<UpdateRange<TRule>> ranges) where TRule : struct, IUpdateRule
    {
        using IDisposable noGradients = no_grad();
        foreach (UpdateRange<TRule> range in ranges)
        {
            for (long done = 0; done < range.Count; done += ComposedPiece)
            {
                using DisposeScope scope = NewDisposeScope();
                long count = Math.Min(ComposedPiece, range.Count - done);
                Tensor[] parts = [.. all.Select((tensor, i) => tensor.narrow(0, (i < 2 ? range.First : range.StateFirst) + done, count))];
                TensorElements weight = new(parts[0]), gradient = new TensorElements(parts[1]) * range.GradientScale;
                TensorElements Part(int index) => index < parts.Length ? new TensorElements(parts[index]) : default;
                TensorElements first = Part(2), second = Part(3), third = Part(4);
                if (range.CoupledDecay != 0) gradient += weight * range.CoupledDecay;
                if (range.Shrink != 1) weight *= range.Shrink;
                range.Rule.Update(ref weight, gradient, ref first, ref second, ref third);
                TensorElements[] results = [weight, default, first, second, third];
                for (int i = 0; i < parts.Length; i++)
                {
                    if (i == 1) parts[1].zero_();
                    else if (!ReferenceEquals(results[i].Value, parts[i])) parts[i].copy_(results[i].Value);
                }
            }
        }
    }

    private static unsafe void OfMemory<TRule, T>(Tensor[] all, IReadOnlyList<UpdateRange<TRule>> ranges, ReplicaPool? pool) where TRule : struct, IUpdateRule where T : unmanaged, INumber<T>
    {
        nint[] addresses = [.. all.Select(tensor => (nint)TensorMemory.Pointer<T>(tensor)), 0, 0, 0];
        FlatRanges.ForEach([.. ranges.Select(range => range.Count)], pool, (index, offset, count) =>
        {
            UpdateRange<TRule> range = ranges[index];
            T* At(int tensor) => addresses[tensor] == 0 ? null : (T*)addresses[tensor] + (tensor < 2 ? range.First : range.StateFirst) + offset;
            Piece(At(0), At(1), At(2), At(3), At(4), count, range);
        });
    }

    private static unsafe void Piece<TRule, T>(T* w, T* g, T* a, T* b, T* c, int count, in UpdateRange<TRule> range) where TRule : struct, IUpdateRule where T : unmanaged, INumber<T>
    {
        TRule rule = range.Rule;
        double scale = range.GradientScale, coupled = range.CoupledDecay, shrink = range.Shrink;
        for (int i = 0; i < count; i += Vector512<T>.Count)
        {
            VectorElements<T> weight = new(Vector512.Load(w + i)), gradient = new VectorElements<T>(Vector512.Load(g + i)) * scale;
            VectorElements<T> first = a is null ? default : new(Vector512.Load(a + i)), second = b is null ? default : new(Vector512.Load(b + i)), third = c is null ? default : new(Vector512.Load(c + i));
            if (coupled != 0) gradient += weight * coupled;
            weight *= shrink;
            rule.Update(ref weight, gradient, ref first, ref second, ref third);
            weight.Value.Store(w + i);
            Vector512<T>.Zero.Store(g + i);
            if (a is not null) first.Value.Store(a + i);
            if (b is not null) second.Value.Store(b + i);
            if (c is not null) third.Value.Store(c + i);
        }
    }
}
