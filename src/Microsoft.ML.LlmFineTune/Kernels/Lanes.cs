using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Vectors of float32 from and to memory that may end before the vector does: one loop serves whole vectors and what is left over.</summary>
internal static unsafe class Lanes
{
    /// <summary>Elements of a vector.</summary>
    public static int Count => Vector512<float>.Count;

    /// <summary>The next elements; 0 in the lanes beyond the end.</summary>
    /// <param name="from">The first element.</param>
    /// <param name="left">Elements up to the end; at least 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* from, int left) => left >= Count ? Vector512.Load(from) : LoadPart(from, left);

    /// <summary>Writes a vector, up to the end.</summary>
    /// <param name="value">The vector.</param>
    /// <param name="to">Where its first element goes.</param>
    /// <param name="left">Elements up to the end; at least 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* to, int left)
    {
        if (left >= Count) value.Store(to);
        else StorePart(value, to, left);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<float> LoadPart(float* from, int left)
    {
        float* whole = stackalloc float[Vector512<float>.Count];
        for (int i = 0; i < Count; i++) whole[i] = i < left ? from[i] : 0;
        return Vector512.Load(whole);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart(Vector512<float> value, float* to, int left)
    {
        float* whole = stackalloc float[Vector512<float>.Count];
        value.Store(whole);
        for (int i = 0; i < left; i++) to[i] = whole[i];
    }
}
