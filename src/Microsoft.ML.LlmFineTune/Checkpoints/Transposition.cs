using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Copies a dense strip of rows into a matrix that is stored transposed: several times as fast as libtorch's own copy.</summary>
internal static unsafe class Transposition
{
    // Two blocks of 8 float32 below each other make one line of the processor's cache in the destination.
    private const int Block = 8;

    /// <summary>Whether <see cref="Copy"/> can write to it: a matrix in the processor's memory whose columns are dense.</summary>
    public static bool Fits(Tensor destination) =>
        destination.device_type == TorchSharp.DeviceType.CPU && destination.dim() == 2 && destination.stride(0) == 1 && destination.stride(1) >= destination.size(0);

    /// <summary>Copies.</summary>
    /// <param name="source">[rows, columns], dense, in the processor's memory; or flat.</param>
    /// <param name="destination">[rows, columns] of the same type, of strides (1, any).</param>
    public static void Copy(Tensor source, Tensor destination)
    {
        // The first element alone is dense, whatever the strides.
        using Tensor firstRow = destination.narrow(0, 0, 1);
        using Tensor first = firstRow.narrow(1, 0, 1);
        byte* from = TensorMemory.Pointer<byte>(source);
        byte* to = TensorMemory.Pointer<byte>(first);
        (long rows, long columns, long stride) = (destination.size(0), destination.size(1), destination.stride(1));
        switch (destination.ElementSize)
        {
            case 4 when Avx.IsSupported && rows % (2 * Block) == 0 && columns % Block == 0 && ((nint)to | (nint)(4 * stride)) % Vector256<byte>.Count == 0:
                CopyBlocks((float*)from, rows, columns, (float*)to, stride);
                break;
            case 2 when Sse2.IsSupported && rows % Block == 0 && columns % Block == 0:
                CopyBlocks((ushort*)from, rows, columns, (ushort*)to, stride);
                break;
            case 1: CopyEach(from, rows, columns, to, stride); break;
            case 2: CopyEach((ushort*)from, rows, columns, (ushort*)to, stride); break;
            case 4: CopyEach((uint*)from, rows, columns, (uint*)to, stride); break;
            default: CopyEach((ulong*)from, rows, columns, (ulong*)to, stride); break;
        }
    }

    private static void CopyEach<T>(T* source, long rows, long columns, T* destination, long stride) where T : unmanaged
    {
        for (long column = 0; column < columns; column++)
        {
            T* from = source + column;
            T* to = destination + (column * stride);
            for (long row = 0; row < rows; row++, from += columns) to[row] = *from;
        }
    }

    // The weights are not needed in the cache: whole lines go straight to memory. (The compiler's first, slow code would be used for a good part of a first checkpoint.)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyBlocks(float* source, long rows, long columns, float* destination, long stride)
    {
        for (long column = 0; column < columns; column += Block)
        {
            for (long row = 0; row < rows; row += 2 * Block)
            {
                float* from = source + (row * columns) + column;
                float* to = destination + (column * stride) + row;
                Transpose(from, columns, out var a0, out var a1, out var a2, out var a3, out var a4, out var a5, out var a6, out var a7);
                Transpose(from + (Block * columns), columns, out var b0, out var b1, out var b2, out var b3, out var b4, out var b5, out var b6, out var b7);
                Store(to, a0, b0);
                Store(to + stride, a1, b1);
                Store(to + (2 * stride), a2, b2);
                Store(to + (3 * stride), a3, b3);
                Store(to + (4 * stride), a4, b4);
                Store(to + (5 * stride), a5, b5);
                Store(to + (6 * stride), a6, b6);
                Store(to + (7 * stride), a7, b7);
            }
        }

        static void Store(float* line, Vector256<float> first, Vector256<float> second)
        {
            first.StoreAlignedNonTemporal(line);
            second.StoreAlignedNonTemporal(line + Block);
        }
    }

    /// <summary>Reads 8 rows of 8 numbers, and gives their columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* from, long columns, out Vector256<float> c0, out Vector256<float> c1, out Vector256<float> c2, out Vector256<float> c3,
        out Vector256<float> c4, out Vector256<float> c5, out Vector256<float> c6, out Vector256<float> c7)
    {
        const byte Low = 0x44, High = 0xEE, LowLanes = 0x20, HighLanes = 0x31;
        var r0 = Vector256.Load(from);
        var r1 = Vector256.Load(from + columns);
        var r2 = Vector256.Load(from + (2 * columns));
        var r3 = Vector256.Load(from + (3 * columns));
        var r4 = Vector256.Load(from + (4 * columns));
        var r5 = Vector256.Load(from + (5 * columns));
        var r6 = Vector256.Load(from + (6 * columns));
        var r7 = Vector256.Load(from + (7 * columns));
        // Pairs of rows, then fours of rows, within each half of a vector; then the halves.
        var (p0, p1, p2, p3) = (Avx.UnpackLow(r0, r1), Avx.UnpackHigh(r0, r1), Avx.UnpackLow(r2, r3), Avx.UnpackHigh(r2, r3));
        var (p4, p5, p6, p7) = (Avx.UnpackLow(r4, r5), Avx.UnpackHigh(r4, r5), Avx.UnpackLow(r6, r7), Avx.UnpackHigh(r6, r7));
        var (f0, f1, f2, f3) = (Avx.Shuffle(p0, p2, Low), Avx.Shuffle(p0, p2, High), Avx.Shuffle(p1, p3, Low), Avx.Shuffle(p1, p3, High));
        var (f4, f5, f6, f7) = (Avx.Shuffle(p4, p6, Low), Avx.Shuffle(p4, p6, High), Avx.Shuffle(p5, p7, Low), Avx.Shuffle(p5, p7, High));
        (c0, c1, c2, c3) = (Avx.Permute2x128(f0, f4, LowLanes), Avx.Permute2x128(f1, f5, LowLanes), Avx.Permute2x128(f2, f6, LowLanes), Avx.Permute2x128(f3, f7, LowLanes));
        (c4, c5, c6, c7) = (Avx.Permute2x128(f0, f4, HighLanes), Avx.Permute2x128(f1, f5, HighLanes), Avx.Permute2x128(f2, f6, HighLanes), Avx.Permute2x128(f3, f7, HighLanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyBlocks(ushort* source, long rows, long columns, ushort* destination, long stride)
    {
        for (long column = 0; column < columns; column += Block)
        {
            for (long row = 0; row < rows; row += Block)
            {
                ushort* from = source + (row * columns) + column;
                ushort* to = destination + (column * stride) + row;
                var r0 = Vector128.Load(from);
                var r1 = Vector128.Load(from + columns);
                var r2 = Vector128.Load(from + (2 * columns));
                var r3 = Vector128.Load(from + (3 * columns));
                var r4 = Vector128.Load(from + (4 * columns));
                var r5 = Vector128.Load(from + (5 * columns));
                var r6 = Vector128.Load(from + (6 * columns));
                var r7 = Vector128.Load(from + (7 * columns));
                // Pairs of rows, fours of rows, all eight.
                var (p0, p1, p2, p3) = (Sse2.UnpackLow(r0, r1).AsUInt32(), Sse2.UnpackHigh(r0, r1).AsUInt32(), Sse2.UnpackLow(r2, r3).AsUInt32(), Sse2.UnpackHigh(r2, r3).AsUInt32());
                var (p4, p5, p6, p7) = (Sse2.UnpackLow(r4, r5).AsUInt32(), Sse2.UnpackHigh(r4, r5).AsUInt32(), Sse2.UnpackLow(r6, r7).AsUInt32(), Sse2.UnpackHigh(r6, r7).AsUInt32());
                var (f0, f1, f2, f3) = (Sse2.UnpackLow(p0, p2).AsUInt64(), Sse2.UnpackHigh(p0, p2).AsUInt64(), Sse2.UnpackLow(p1, p3).AsUInt64(), Sse2.UnpackHigh(p1, p3).AsUInt64());
                var (f4, f5, f6, f7) = (Sse2.UnpackLow(p4, p6).AsUInt64(), Sse2.UnpackHigh(p4, p6).AsUInt64(), Sse2.UnpackLow(p5, p7).AsUInt64(), Sse2.UnpackHigh(p5, p7).AsUInt64());
                Sse2.UnpackLow(f0, f4).AsUInt16().Store(to);
                Sse2.UnpackHigh(f0, f4).AsUInt16().Store(to + stride);
                Sse2.UnpackLow(f1, f5).AsUInt16().Store(to + (2 * stride));
                Sse2.UnpackHigh(f1, f5).AsUInt16().Store(to + (3 * stride));
                Sse2.UnpackLow(f2, f6).AsUInt16().Store(to + (4 * stride));
                Sse2.UnpackHigh(f2, f6).AsUInt16().Store(to + (5 * stride));
                Sse2.UnpackLow(f3, f7).AsUInt16().Store(to + (6 * stride));
                Sse2.UnpackHigh(f3, f7).AsUInt16().Store(to + (7 * stride));
            }
        }
    }
}
