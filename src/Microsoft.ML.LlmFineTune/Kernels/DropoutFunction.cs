using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Dropout over dense float32 memory. The draws are a function of key and position, so backward makes them again instead of keeping a mask.</summary>
internal sealed unsafe class DropoutFunction : autograd.SingleTensorFunction<DropoutFunction>
{
    private const string Draws = "draws";

    public override string Name => nameof(DropoutFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor x, double probability, ulong key, ulong position) = ((Tensor)vars[0], (double)vars[1], (ulong)vars[2], (ulong)vars[3]);
        ctx.save_data(Draws, (probability, key, position));
        Tensor y = empty_like(x);
        Drop(TensorMemory.Pointer<float>(x), TensorMemory.Pointer<float>(y), x.numel(), probability, key, position);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        (double probability, ulong key, ulong position) = ((double, ulong, ulong))ctx.get_data(Draws);
        Tensor dense = KernelGradients.Dense(grad_output);
        // The same drop again is its own gradient, and can be differentiated again.
        if (KernelGradients.NeedDerivatives) return [apply(dense, probability, key, position), null!, null!, null!];
        Tensor gradient = empty_like(dense);
        Drop(TensorMemory.Pointer<float>(dense), TensorMemory.Pointer<float>(gradient), dense.numel(), probability, key, position);
        dense.Dispose();
        return KernelGradients.HandOver(gradient, null, null, null);
    }

    private static void Drop(float* from, float* to, long count, double probability, ulong key, ulong position)
    {
        RandomStream draws = new(key);
        ulong threshold = (ulong)(probability * (1UL << 32));
        float scale = (float)(1 / (1 - probability));
        long i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            Vector512<ulong> low = Kept(key, position + (ulong)i, threshold), high = Kept(key, position + (ulong)i + 8, threshold);
            Vector512<float> mask = Vector512.Narrow(low, high).AsSingle();
            (Vector512.Load(from + i) * scale & mask).Store(to + i);
        }
        for (; i < count; i++) to[i] = draws.At(position + (ulong)i) >> 32 < threshold ? 0 : from[i] * scale;
    }

    /// <summary>All bits set in the lanes that are kept: the vector form of <see cref="RandomStream.At"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Kept(ulong key, ulong position, ulong threshold)
    {
        Vector512<ulong> z = Vector512.Create(key) + ((Vector512<ulong>.Indices + Vector512.Create(position + 1)) * RandomStream.Gamma);
        z = (z ^ Vector512.ShiftRightLogical(z, 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ Vector512.ShiftRightLogical(z, 27)) * 0x94D049BB133111EB;
        z ^= Vector512.ShiftRightLogical(z, 31);
        return Vector512.GreaterThanOrEqual(Vector512.ShiftRightLogical(z, 32), Vector512.Create(threshold));
    }
}
