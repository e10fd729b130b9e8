using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Data;

namespace Microsoft.ML.Trainers;

/// <summary>The few loops over dense vectors that the optimizer and the linear models spend their time in.</summary>
internal static class Vectors
{
    /// <summary>Elements behind the last whole vector are added to its last lanes, so that short vectors sum in one order on every processor.</summary>
    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        ref float left = ref MemoryMarshal.GetReference(a), right = ref MemoryMarshal.GetReference(b[..a.Length]);
        int n = a.Length;
        if (n < Vector128<float>.Count)
        {
            float sum = 0;
            for (int j = n - 1; j >= 0; j--)
                sum = a[j] * b[j] + sum;
            return sum;
        }
        if (n < Vector256<float>.Count)
        {
            var rest = Vector128.LoadUnsafe(ref left, (nuint)(n - 4)) * Vector128.LoadUnsafe(ref right, (nuint)(n - 4));
            rest = Vector128.ConditionalSelect(Vector128.GreaterThanOrEqual(Vector128<float>.Indices, Vector128.Create(8f - n)), rest, Vector128<float>.Zero);
            return Vector128.Sum(Vector128.LoadUnsafe(ref left) * Vector128.LoadUnsafe(ref right) + rest);
        }

        Vector256<float> first = Vector256<float>.Zero, second = Vector256<float>.Zero, third = Vector256<float>.Zero, fourth = Vector256<float>.Zero;
        int i = 0;
        for (; i + 32 <= n; i += 32)
        {
            first += Vector256.LoadUnsafe(ref left, (nuint)i) * Vector256.LoadUnsafe(ref right, (nuint)i);
            second += Vector256.LoadUnsafe(ref left, (nuint)(i + 8)) * Vector256.LoadUnsafe(ref right, (nuint)(i + 8));
            third += Vector256.LoadUnsafe(ref left, (nuint)(i + 16)) * Vector256.LoadUnsafe(ref right, (nuint)(i + 16));
            fourth += Vector256.LoadUnsafe(ref left, (nuint)(i + 24)) * Vector256.LoadUnsafe(ref right, (nuint)(i + 24));
        }
        first += second + (third + fourth);
        for (; i + 8 <= n; i += 8)
            first += Vector256.LoadUnsafe(ref left, (nuint)i) * Vector256.LoadUnsafe(ref right, (nuint)i);
        if (i < n)
        {
            var rest = Vector256.LoadUnsafe(ref left, (nuint)(n - 8)) * Vector256.LoadUnsafe(ref right, (nuint)(n - 8));
            first += Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(Vector256<float>.Indices, Vector256.Create(8f - (n - i))), rest, Vector256<float>.Zero);
        }
        return Vector256.Sum(first);
    }

    public static float Dot(in VBuffer<float> a, ReadOnlySpan<float> b)
    {
        var values = a.GetValues();
        if (a.IsDense)
            return Dot(values, b);
        var indices = a.GetIndices();
        float sum = 0;
        for (int i = 0; i < values.Length; i++)
            sum += values[i] * b[indices[i]];
        return sum;
    }

    public static float Norm(ReadOnlySpan<float> a) => (float)Math.Sqrt(Dot(a, a));

    /// <summary>target += factor * a</summary>
    public static void AddScaled(ReadOnlySpan<float> a, float factor, Span<float> target)
    {
        var wide = MemoryMarshal.Cast<float, Vector<float>>(a);
        var wideTarget = MemoryMarshal.Cast<float, Vector<float>>(target[..a.Length]);
        var scale = new Vector<float>(factor);
        for (int i = 0; i < wide.Length; i++)
            wideTarget[i] += wide[i] * scale;
        for (int j = wide.Length * Vector<float>.Count; j < a.Length; j++)
            target[j] += factor * a[j];
    }

    public static void AddScaled(in VBuffer<float> a, float factor, Span<float> target)
    {
        var values = a.GetValues();
        if (a.IsDense)
        {
            AddScaled(values, factor, target);
            return;
        }
        var indices = a.GetIndices();
        for (int i = 0; i < values.Length; i++)
            target[indices[i]] += factor * values[i];
    }

    public static void Scale(Span<float> target, float factor)
    {
        var wide = MemoryMarshal.Cast<float, Vector<float>>(target);
        var scale = new Vector<float>(factor);
        for (int i = 0; i < wide.Length; i++)
            wide[i] *= scale;
        for (int j = wide.Length * Vector<float>.Count; j < target.Length; j++)
            target[j] *= factor;
    }

    /// <summary>result = a + factor * b</summary>
    public static void Combine(ReadOnlySpan<float> a, float factor, ReadOnlySpan<float> b, Span<float> result)
    {
        a.CopyTo(result);
        AddScaled(b, factor, result);
    }
}
