using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Neighbouring numbers of memory, 64 bytes of them: more than many processors take at once, so that the numbers of a step are spread over more of them.</summary>
internal readonly struct VectorElements<T>(Vector512<T> value) : IElements<VectorElements<T>> where T : unmanaged, INumber<T>
{
    public readonly Vector512<T> Value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator +(VectorElements<T> left, VectorElements<T> right) => new(left.Value + right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator -(VectorElements<T> left, VectorElements<T> right) => new(left.Value - right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator *(VectorElements<T> left, VectorElements<T> right) => new(left.Value * right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator /(VectorElements<T> left, VectorElements<T> right) => new(left.Value / right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator +(VectorElements<T> left, double right) => new(left.Value + Vector512.Create(T.CreateTruncating(right)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator *(VectorElements<T> left, double right) => new(left.Value * T.CreateTruncating(right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Root(VectorElements<T> value) => new(Vector512.Sqrt(value.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Magnitude(VectorElements<T> value) => new(Vector512.Abs(value.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Sign(VectorElements<T> value)
    {
        Vector512<T> positive = Vector512.ConditionalSelect(Vector512.GreaterThan(value.Value, Vector512<T>.Zero), Vector512<T>.One, Vector512<T>.Zero);
        return new(Vector512.ConditionalSelect(Vector512.LessThan(value.Value, Vector512<T>.Zero), -Vector512<T>.One, positive));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Larger(VectorElements<T> left, VectorElements<T> right) => new(Vector512.Max(left.Value, right.Value));
}
