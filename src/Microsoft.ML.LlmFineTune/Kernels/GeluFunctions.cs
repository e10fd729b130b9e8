using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>x Phi(x) as a differentiable function.</summary>
internal sealed class ExactGeluFunction : ActivationFunction<ExactGeluFunction, ExactGelu>
{
    public override string Name => nameof(ExactGeluFunction);
}

/// <summary>The form with tanh as a differentiable function.</summary>
internal sealed class TanhGeluFunction : ActivationFunction<TanhGeluFunction, TanhGelu>
{
    public override string Name => nameof(TanhGeluFunction);
}

/// <summary>x Phi(x).</summary>
internal readonly struct ExactGelu : IActivation
{
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
internal readonly struct TanhGelu : IActivation
{
    private const float TwiceRoot = 1.5957691216f;
    private const float Cubic = 0.044715f;

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
