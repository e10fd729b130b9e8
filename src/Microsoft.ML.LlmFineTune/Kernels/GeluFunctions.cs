using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>An activation as vectors: its value, and the gradient that reaches its input.</summary>
internal interface IActivation
{
    static abstract Vector512<float> Value(Vector512<float> x);

    static abstract Vector512<float> Slope(Vector512<float> x);

    static abstract Tensor Composed(Tensor x);
}

/// <summary>x Phi(x).</summary>
internal sealed class ExactGelu : ActivationFunction<ExactGelu>, IActivation
{
    public override string Name => nameof(ExactGelu);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Value(Vector512<float> x) => x * VectorMath.NormalDistribution(x, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Slope(Vector512<float> x)
    {
        Vector512<float> distribution = VectorMath.NormalDistribution(x, out Vector512<float> bell);
        return Vector512.MultiplyAddEstimate(x * 0.39894228f, bell, distribution);
    }

    public static Tensor Composed(Tensor x) => Gelu.ComposedExact(x);
}

/// <summary>The form with tanh, as x sigma(2u), u = sqrt(2/pi) (x + 0.044715 x^3), because 1 + tanh(u) = 2 sigma(2u).</summary>
internal sealed class TanhGelu : ActivationFunction<TanhGelu>, IActivation
{
    private const float TwiceRoot = 1.5957691216f;
    private const float Cubic = 0.044715f;

    public override string Name => nameof(TanhGelu);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Value(Vector512<float> x) => x * Sigmoid(x, x * x, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Slope(Vector512<float> x)
    {
        Vector512<float> square = x * x, sigmoid = Sigmoid(x, square, out Vector512<float> power);
        Vector512<float> inner = Vector512.MultiplyAddEstimate(square, Vector512.Create(3 * Cubic * TwiceRoot), Vector512.Create(TwiceRoot));
        // 1 - sigma = sigma e^-2u, without the cancellation.
        return Vector512.MultiplyAddEstimate(x * sigmoid * (sigmoid * power), inner, sigmoid);
    }

    public static Tensor Composed(Tensor x) => Gelu.ComposedTanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Sigmoid(Vector512<float> x, Vector512<float> square, out Vector512<float> power)
    {
        Vector512<float> twice = x * Vector512.MultiplyAddEstimate(square, Vector512.Create(Cubic * TwiceRoot), Vector512.Create(TwiceRoot));
        power = VectorMath.Exp(-twice);
        return Vector512<float>.One / (Vector512<float>.One + power);
    }
}

/// <summary>An activation over dense float32 memory, recomputed in backward from its saved input.</summary>
internal abstract unsafe class ActivationFunction<T> : autograd.SingleTensorFunction<T> where T : ActivationFunction<T>, IActivation, new()
{
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0];
        ctx.save_for_backward([x]);
        Tensor y = empty_like(x);
        Values(TensorMemory.Pointer<float>(x), TensorMemory.Pointer<float>(y), x.numel());
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        Tensor x = ctx.get_saved_variables()[0];
        if (KernelGradients.NeedDerivatives) return KernelGradients.Composed(inputs => T.Composed(inputs[0]), [x], grad_output);
        Tensor dense = KernelGradients.Dense(grad_output), gradient = empty_like(x);
        Gradients(TensorMemory.Pointer<float>(x), TensorMemory.Pointer<float>(dense), TensorMemory.Pointer<float>(gradient), x.numel());
        x.Dispose();
        dense.Dispose();
        return KernelGradients.HandOver(gradient);
    }

    private static void Values(float* x, float* y, long count)
    {
        long i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count) T.Value(Vector512.Load(x + i)).Store(y + i);
        for (; i < count; i++) y[i] = T.Value(Vector512.Create(x[i])).ToScalar();
    }

    private static void Gradients(float* x, float* upstream, float* gradient, long count)
    {
        long i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count) (T.Slope(Vector512.Load(x + i)) * Vector512.Load(upstream + i)).Store(gradient + i);
        for (; i < count; i++) gradient[i] = T.Slope(Vector512.Create(x[i])).ToScalar() * upstream[i];
    }
}
