using System.Buffers.Binary;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Blocks of 32 numbers as GGUF files hold them, in the types Q8_0 and Q4_0; the bytes are those of the gguf package.</summary>
public static class GgufBlocks
{
    /// <summary>Numbers a block.</summary>
    public const int Length = 32;

    /// <summary>Bytes of a block of type Q8_0: a half-precision scale and 32 signed bytes.</summary>
    public const int Bytes8 = 2 + Length;

    /// <summary>Bytes of a block of type Q4_0: a half-precision scale and two codes a byte.</summary>
    public const int Bytes4 = 2 + (Length / 2);

    /// <summary>Writes numbers as Q8_0.</summary>
    /// <param name="numbers">Whole blocks, finite.</param>
    /// <param name="bytes">Receives <see cref="Bytes8"/> a block.</param>
    public static void Write8(ReadOnlySpan<float> numbers, Span<byte> bytes)
    {
        int blocks = BlocksOf(numbers.Length, bytes.Length, Bytes8);
        for (int block = 0; block < blocks; block++)
        {
            ReadOnlySpan<float> from = numbers.Slice(block * Length, Length);
            Span<byte> to = bytes.Slice(block * Bytes8, Bytes8);
            float largest = 0;
            foreach (float number in from) largest = Math.Max(largest, Math.Abs(number));
            float scale = largest / 127, inverse = scale > 0 ? 1 / scale : 0;
            BinaryPrimitives.WriteHalfLittleEndian(to, (Half)scale);
            for (int i = 0; i < Length; i++) to[2 + i] = (byte)(sbyte)MathF.Round(from[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    /// <summary>Reads numbers of type Q8_0.</summary>
    /// <param name="bytes"><see cref="Bytes8"/> a block.</param>
    /// <param name="numbers">Receives the numbers.</param>
    public static void Read8(ReadOnlySpan<byte> bytes, Span<float> numbers)
    {
        int blocks = BlocksOf(numbers.Length, bytes.Length, Bytes8);
        for (int block = 0; block < blocks; block++)
        {
            ReadOnlySpan<byte> from = bytes.Slice(block * Bytes8, Bytes8);
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(from);
            for (int i = 0; i < Length; i++) numbers[(block * Length) + i] = (sbyte)from[2 + i] * scale;
        }
    }

    /// <summary>Writes numbers as Q4_0: the number of largest magnitude becomes the lowest code.</summary>
    /// <param name="numbers">Whole blocks, finite.</param>
    /// <param name="bytes">Receives <see cref="Bytes4"/> a block.</param>
    public static void Write4(ReadOnlySpan<float> numbers, Span<byte> bytes)
    {
        int blocks = BlocksOf(numbers.Length, bytes.Length, Bytes4);
        for (int block = 0; block < blocks; block++)
        {
            ReadOnlySpan<float> from = numbers.Slice(block * Length, Length);
            Span<byte> to = bytes.Slice(block * Bytes4, Bytes4);
            float extreme = 0;
            foreach (float number in from)
            {
                if (Math.Abs(number) > Math.Abs(extreme)) extreme = number;
            }
            float scale = extreme / -8, inverse = scale != 0 ? 1 / scale : 0;
            BinaryPrimitives.WriteHalfLittleEndian(to, (Half)scale);
            for (int i = 0; i < Length / 2; i++) to[2 + i] = (byte)(Code(from[i]) | (Code(from[i + (Length / 2)]) << 4));

            int Code(float number) => Math.Min(15, (int)((number * inverse) + 8.5f));
        }
    }

    /// <summary>Reads numbers of type Q4_0.</summary>
    /// <param name="bytes"><see cref="Bytes4"/> a block.</param>
    /// <param name="numbers">Receives the numbers.</param>
    public static void Read4(ReadOnlySpan<byte> bytes, Span<float> numbers)
    {
        int blocks = BlocksOf(numbers.Length, bytes.Length, Bytes4);
        for (int block = 0; block < blocks; block++)
        {
            ReadOnlySpan<byte> from = bytes.Slice(block * Bytes4, Bytes4);
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(from);
            for (int i = 0; i < Length / 2; i++)
            {
                numbers[(block * Length) + i] = ((from[2 + i] & 15) - 8) * scale;
                numbers[(block * Length) + i + (Length / 2)] = ((from[2 + i] >> 4) - 8) * scale;
            }
        }
    }

    private static int BlocksOf(int numbers, int bytes, int bytesOfBlock)
    {
        Require.Argument(numbers % Length == 0 && bytes == numbers / Length * bytesOfBlock, $"GGUF blocks are {Length} numbers in {bytesOfBlock} bytes; received {numbers} numbers and {bytes} bytes.", nameof(numbers));
        return numbers / Length;
    }
}
