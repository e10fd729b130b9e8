using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Copies a dense matrix into one that is stored transposed. libtorch's own copy takes three times as long for a strip of a matrix.</summary>
internal static unsafe class Transposition
{
    // A line of the processor's cache holds 16 float32: each line of the source is read once, each line of the destination written once.
    private const int TileRows = 64;
    private const int TileColumns = 16;

    /// <summary>Whether <see cref="Copy"/> can write to it: a matrix in the processor's memory whose columns are dense.</summary>
    public static bool Fits(Tensor destination) =>
        destination.device_type == TorchSharp.DeviceType.CPU && destination.dim() == 2 && destination.stride(0) == 1 && destination.stride(1) >= destination.size(0);

    /// <summary>Copies.</summary>
    /// <param name="source">[rows, columns], dense, in the processor's memory; or flat.</param>
    /// <param name="destination">[rows, columns] of the same type, of strides (1, any).</param>
    public static void Copy(Tensor source, Tensor destination)
    {
        switch (destination.ElementSize)
        {
            case 1: Copy<byte>(source, destination); break;
            case 2: Copy<ushort>(source, destination); break;
            case 4: Copy<uint>(source, destination); break;
            default: Copy<ulong>(source, destination); break;
        }
    }

    private static void Copy<T>(Tensor source, Tensor destination) where T : unmanaged, IBinaryInteger<T>
    {
        // The first element alone is dense, whatever the strides.
        using Tensor firstRow = destination.narrow(0, 0, 1);
        using Tensor first = firstRow.narrow(1, 0, 1);
        Copy(TensorMemory.Pointer<T>(source), destination.size(0), destination.size(1), TensorMemory.Pointer<T>(first), destination.stride(1));
    }

    // Once over every checkpoint: the first one should not pay for slow code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy<T>(T* source, long rows, long columns, T* destination, long stride) where T : unmanaged
    {
        T* tile = stackalloc T[TileRows * TileColumns];                                         // [column, row]
        for (long row = 0; row < rows; row += TileRows)
        {
            int tileRows = (int)Math.Min(TileRows, rows - row);
            for (long column = 0; column < columns; column += TileColumns)
            {
                int tileColumns = (int)Math.Min(TileColumns, columns - column);
                T* from = source + (row * columns) + column;
                if (tileColumns == TileColumns)
                {
                    for (T* to = tile, end = tile + tileRows; to < end; to++, from += columns)
                    {
                        // Written out: twice as fast as a loop.
                        (to[0 * TileRows], to[1 * TileRows], to[2 * TileRows], to[3 * TileRows]) = (from[0], from[1], from[2], from[3]);
                        (to[4 * TileRows], to[5 * TileRows], to[6 * TileRows], to[7 * TileRows]) = (from[4], from[5], from[6], from[7]);
                        (to[8 * TileRows], to[9 * TileRows], to[10 * TileRows], to[11 * TileRows]) = (from[8], from[9], from[10], from[11]);
                        (to[12 * TileRows], to[13 * TileRows], to[14 * TileRows], to[15 * TileRows]) = (from[12], from[13], from[14], from[15]);
                    }
                }
                else
                {
                    for (T* to = tile, end = tile + tileRows; to < end; to++, from += columns)
                    {
                        for (int i = 0; i < tileColumns; i++) to[i * TileRows] = from[i];
                    }
                }
                for (int i = 0; i < tileColumns; i++) Unsafe.CopyBlockUnaligned(destination + ((column + i) * stride) + row, tile + (i * TileRows), (uint)(tileRows * sizeof(T)));
            }
        }
    }
}
