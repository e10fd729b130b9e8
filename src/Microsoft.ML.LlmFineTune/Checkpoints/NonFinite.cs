using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Counts numbers that are NaN or infinite: those whose exponent has all its bits set.</summary>
internal static class NonFinite
{
    // So many vectors are looked at together: 2 KiB where a vector has 32 bytes.
    private const int Block = 64;

    /// <summary>How many of the numbers, given as their bytes, are not finite; whole numbers always are.</summary>
    public static long Count(ReadOnlySpan<byte> bytes, ScalarType type) => type switch
    {
        ScalarType.Float64 => Count(MemoryMarshal.Cast<byte, long>(bytes), 0x7FF0_0000_0000_0000L),
        ScalarType.Float32 => Count(MemoryMarshal.Cast<byte, int>(bytes), 0x7F80_0000),
        ScalarType.Float16 => Count(MemoryMarshal.Cast<byte, short>(bytes), (short)0x7C00),
        ScalarType.BFloat16 => Count(MemoryMarshal.Cast<byte, short>(bytes), (short)0x7F80),
        _ => 0,
    };

    // Without its sign, what is not finite is as large as the exponent alone or larger; everything else is smaller. So the largest of a block tells. (Once over every checkpoint: the first one should not pay for slow code.)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Count<T>(ReadOnlySpan<T> numbers, T exponent) where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        long count = 0;
        Vector<T> exponents = new(exponent), magnitude = new(T.MaxValue);
        int length = Block * Vector<T>.Count, first = 0;
        for (; first <= numbers.Length - length; first += length)
        {
            ReadOnlySpan<T> block = numbers.Slice(first, length);
            ref Vector<T> vectors = ref Unsafe.As<T, Vector<T>>(ref MemoryMarshal.GetReference(block));
            Vector<T> a = default, b = default, c = default, d = default;
            for (int i = 0; i < Block; i += 4)
            {
                a = Vector.Max(a, Unsafe.Add(ref vectors, i) & magnitude);
                b = Vector.Max(b, Unsafe.Add(ref vectors, i + 1) & magnitude);
                c = Vector.Max(c, Unsafe.Add(ref vectors, i + 2) & magnitude);
                d = Vector.Max(d, Unsafe.Add(ref vectors, i + 3) & magnitude);
            }
            if (Vector.GreaterThanOrEqualAny(Vector.Max(Vector.Max(a, b), Vector.Max(c, d)), exponents)) count += CountEach(block, exponent);
        }
        return count + CountEach(numbers[first..], exponent);
    }

    private static long CountEach<T>(ReadOnlySpan<T> numbers, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        long count = 0;
        foreach (T number in numbers) count += (number & exponent) == exponent ? 1 : 0;
        return count;
    }
}
