using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>As many neighbouring numbers of memory as the processor takes at once.</summary>
internal readonly struct VectorElements<T>(Vector<T> value) : IElements<VectorElements<T>> where T : unmanaged, INumber<T>
{
    public readonly Vector<T> Value = value;

    public static int Count => Vector<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator +(VectorElements<T> left, VectorElements<T> right) => new(left.Value + right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator -(VectorElements<T> left, VectorElements<T> right) => new(left.Value - right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator *(VectorElements<T> left, VectorElements<T> right) => new(left.Value * right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator /(VectorElements<T> left, VectorElements<T> right) => new(left.Value / right.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator +(VectorElements<T> left, double right) => new(left.Value + new Vector<T>(T.CreateTruncating(right)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> operator *(VectorElements<T> left, double right) => new(left.Value * T.CreateTruncating(right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Root(VectorElements<T> value) => new(Vector.SquareRoot(value.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Magnitude(VectorElements<T> value) => new(Vector.Abs(value.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Sign(VectorElements<T> value)
    {
        Vector<T> positive = Vector.ConditionalSelect(Vector.GreaterThan(value.Value, Vector<T>.Zero), Vector<T>.One, Vector<T>.Zero);
        return new(Vector.ConditionalSelect(Vector.LessThan(value.Value, Vector<T>.Zero), -Vector<T>.One, positive));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorElements<T> Larger(VectorElements<T> left, VectorElements<T> right) => new(Vector.Max(left.Value, right.Value));
}
