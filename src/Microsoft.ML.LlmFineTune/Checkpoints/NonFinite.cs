using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Counts numbers that are NaN or infinite: those whose exponent has all its bits set.</summary>
internal static class NonFinite
{
    /// <summary>How many of the numbers, given as their bytes, are not finite; whole numbers always are.</summary>
    public static long Count(ReadOnlySpan<byte> bytes, ScalarType type) => type switch
    {
        ScalarType.Float64 => Count(MemoryMarshal.Cast<byte, ulong>(bytes), 0x7FF0_0000_0000_0000UL),
        ScalarType.Float32 => Count(MemoryMarshal.Cast<byte, uint>(bytes), 0x7F80_0000U),
        ScalarType.Float16 => Count(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7C00),
        ScalarType.BFloat16 => Count(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7F80),
        _ => 0,
    };

    // Once over every checkpoint: the first one should not pay for slow code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Count<T>(ReadOnlySpan<T> numbers, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        long count = 0;
        Vector<T> exponents = new(exponent);
        ReadOnlySpan<Vector<T>> vectors = MemoryMarshal.Cast<T, Vector<T>>(numbers);
        for (int i = 0; i < vectors.Length; i++)
        {
            if (Vector.EqualsAny(vectors[i] & exponents, exponents)) count += CountEach(numbers.Slice(i * Vector<T>.Count, Vector<T>.Count), exponent);
        }
        return count + CountEach(numbers[(vectors.Length * Vector<T>.Count)..], exponent);
    }

    private static long CountEach<T>(ReadOnlySpan<T> numbers, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        long count = 0;
        foreach (T number in numbers) count += (number & exponent) == exponent ? 1 : 0;
        return count;
    }
}
