using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Functions of vectors of float32; NaN stays NaN.</summary>
/// <remarks>The coefficients are least-squares fits of the functions themselves, reweighted towards equal relative errors.</remarks>
internal static class VectorMath
{
    /// <summary>e^x to about 1 unit in the last place; arguments beyond [-87.3, 88.3] count as the end of that range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // The order of the operands is what makes NaN survive the native instructions.
        x = Vector512.MinNative(Vector512.Create(88.3f), Vector512.MaxNative(Vector512.Create(-87.3f), x));
        // x = n ln 2 + r, with ln 2 in two parts so that n ln 2 is exact.
        Vector512<float> n = Vector512.Round(x * 1.44269504f);
        Vector512<float> r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(2.12194440e-4f), r);
        Vector512<float> q = Vector512.Create(0.0013814465f);
        q = Vector512.MultiplyAddEstimate(q, r, Vector512.Create(0.0083687808f));
        q = Vector512.MultiplyAddEstimate(q, r, Vector512.Create(0.0416683927f));
        q = Vector512.MultiplyAddEstimate(q, r, Vector512.Create(0.1666651964f));
        q = Vector512.MultiplyAddEstimate(q, r, Vector512.Create(0.4999999404f));
        Vector512<float> power = Vector512.MultiplyAddEstimate(q, r * r, r) + Vector512<float>.One;
        Vector512<int> exponent = Vector512.ShiftLeft(Vector512.ConvertToInt32Native(n) + Vector512.Create(127), 23);
        return power * exponent.AsSingle();
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>The hyperbolic tangent, to about 1e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x) => Vector512.MultiplyAddEstimate(Sigmoid(x + x), Vector512.Create(2f), -Vector512<float>.One);

    /// <summary>The normal distribution function, and e^(-x^2/2) on the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NormalDistribution(Vector512<float> x, out Vector512<float> bell)
    {
        // erfc(z) = e^(-z^2) t Q(t), t = 1 / (1 + 0.49 z), for z = |x| / sqrt(2): relative error 2.3e-8.
        Vector512<float> size = Vector512.Abs(x);
        Vector512<float> t = Vector512<float>.One / Vector512.MultiplyAddEstimate(size, Vector512.Create((float)(0.49 / 1.4142135623730951)), Vector512<float>.One);
        bell = Exp(x * x * -0.5f);
        Vector512<float> q = Vector512.Create(-0.0572996922f);
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(0.2901750505f));
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(-0.5338000059f));
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(0.3580701649f));
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(-0.0665434822f));
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(0.2197884768f));
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(0.2360564619f));
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(0.2771268487f));
        q = Vector512.MultiplyAddEstimate(q, t, Vector512.Create(0.2764261365f));
        Vector512<float> tail = q * t * bell * 0.5f;
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, Vector512<float>.One - tail);
    }
}
