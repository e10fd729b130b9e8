using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// Numbers in four bits (Dettmers et al.: "QLoRA: Efficient Finetuning of Quantized LLMs", 2023): blocks of 64 are divided by their largest magnitude, and each number becomes the nearest of sixteen
/// quantiles of the normal distribution. Bytes and scales are those of the reference implementation, bitsandbytes.
/// </summary>
public static unsafe class Nf4
{
    /// <summary>Numbers that share a scale; a short last block counts as it is.</summary>
    public const int BlockLength = 64;

    private const byte ZeroCode = 7;

    private static readonly float[] Codes =
    [
        -1.0f, -0.6961928f, -0.52507305f, -0.3949175f, -0.28444138f, -0.18477343f, -0.091050036f, 0.0f, 0.0795803f, 0.1609302f, 0.2461123f, 0.33791524f, 0.44070983f, 0.562617f, 0.72295684f, 1.0f,
    ];

    // Halfway to the next code: at a value equal to it, the lower one is taken.
    private static readonly float[] Thresholds = [.. Codes.Zip(Codes.Skip(1), (low, high) => (low + high) / 2)];

    // The two numbers of each byte, side by side as they go to memory: one load gives both.
    private static readonly ulong[] Pairs = [.. Enumerable.Range(0, 256).Select(packed => BitConverter.SingleToUInt32Bits(Codes[packed >> 4]) | ((ulong)BitConverter.SingleToUInt32Bits(Codes[packed & 15]) << 32))];

    /// <summary>The sixteen numbers that the bits stand for, before they are scaled; ascending.</summary>
    public static IReadOnlyList<float> CodeBook => Codes;

    /// <summary>How many scales some numbers have.</summary>
    public static long Blocks(long count) => (count + BlockLength - 1) / BlockLength;

    /// <summary>How many bytes some numbers take, without their scales.</summary>
    public static long PackedBytes(long count) => (count + 1) / 2;

    /// <summary>How many second scales some scales have.</summary>
    public static long ScaleBlocks(long scales) => (scales + DynamicCode.BlockLength - 1) / DynamicCode.BlockLength;

    /// <summary>Quantises numbers.</summary>
    /// <param name="numbers">The numbers, finite.</param>
    /// <param name="packed">Receives two codes a byte, the first one in the upper half; an odd tail is filled with the code of 0. <see cref="PackedBytes"/> long.</param>
    /// <param name="scales">Receives the largest magnitude of each block; <see cref="Blocks"/> long.</param>
    public static void Quantize(ReadOnlySpan<float> numbers, Span<byte> packed, Span<float> scales)
    {
        Require.Argument(packed.Length == PackedBytes(numbers.Length), $"{numbers.Length} numbers take {PackedBytes(numbers.Length)} bytes; received room for {packed.Length}.", nameof(packed));
        Require.Argument(scales.Length == Blocks(numbers.Length), $"{numbers.Length} numbers have {Blocks(numbers.Length)} scales; received room for {scales.Length}.", nameof(scales));
        for (int block = 0; block < scales.Length; block++)
        {
            int start = block * BlockLength, end = Math.Min(start + BlockLength, numbers.Length);
            float largest = 0;
            for (int i = start; i < end; i++) largest = Math.Max(largest, Math.Abs(numbers[i]));
            scales[block] = largest;
            float factor = largest > 0 ? 1 / largest : 0;
            for (int i = start; i < end; i += 2)
            {
                byte low = i + 1 < end ? CodeOf(numbers[i + 1] * factor) : ZeroCode;
                packed[i / 2] = (byte)((CodeOf(numbers[i] * factor) << 4) | low);
            }
        }
    }

    /// <summary>Quantises scales to eight bits: less their mean, in blocks of 256, by the <see cref="DynamicCode"/>.</summary>
    /// <param name="scales">The scales.</param>
    /// <param name="codes">Receives the code of each scale; as long as <paramref name="scales"/>.</param>
    /// <param name="secondScales">Receives the largest magnitude of each block; <see cref="ScaleBlocks"/> long.</param>
    /// <returns>The mean.</returns>
    public static float QuantizeScales(ReadOnlySpan<float> scales, Span<byte> codes, Span<float> secondScales)
    {
        Require.Argument(codes.Length == scales.Length, $"{scales.Length} scales take as many bytes; received room for {codes.Length}.", nameof(codes));
        Require.Argument(secondScales.Length == ScaleBlocks(scales.Length), $"{scales.Length} scales have {ScaleBlocks(scales.Length)} second scales; received room for {secondScales.Length}.", nameof(secondScales));
        double sum = 0;
        foreach (float scale in scales) sum += scale;
        float mean = (float)(sum / Math.Max(1, scales.Length));
        for (int block = 0; block < secondScales.Length; block++)
        {
            int start = block * DynamicCode.BlockLength, end = Math.Min(start + DynamicCode.BlockLength, scales.Length);
            float largest = 0;
            for (int i = start; i < end; i++) largest = Math.Max(largest, Math.Abs(scales[i] - mean));
            secondScales[block] = largest;
            float factor = largest > 0 ? 1 / largest : 0;
            for (int i = start; i < end; i++) codes[i] = DynamicCode.Nearest((scales[i] - mean) * factor);
        }
        return mean;
    }

    /// <summary>The scales that eight bits stand for.</summary>
    /// <param name="codes">The code of each scale.</param>
    /// <param name="secondScales">The second scales.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="scales">Receives the scales; as long as <paramref name="codes"/>.</param>
    public static void DequantizeScales(ReadOnlySpan<byte> codes, ReadOnlySpan<float> secondScales, float mean, Span<float> scales)
    {
        for (int i = 0; i < codes.Length; i++) scales[i] = (DynamicCode.Values[codes[i]] * secondScales[i / DynamicCode.BlockLength]) + mean;
    }

    /// <summary>The numbers that four bits stand for.</summary>
    /// <param name="packed">Two codes a byte.</param>
    /// <param name="scales">The scale of each block.</param>
    /// <param name="numbers">Receives the numbers.</param>
    public static void Dequantize(ReadOnlySpan<byte> packed, ReadOnlySpan<float> scales, Span<float> numbers)
    {
        Require.Argument(packed.Length == PackedBytes(numbers.Length) && scales.Length == Blocks(numbers.Length),
            $"{numbers.Length} numbers stand in {PackedBytes(numbers.Length)} bytes with {Blocks(numbers.Length)} scales; received {packed.Length} and {scales.Length}.", nameof(packed));
        fixed (byte* from = packed)
        fixed (float* scale = scales, to = numbers)
        {
            Dequantize(from, scale, to, numbers.Length);
        }
    }

    internal static void Dequantize(byte* packed, float* scales, float* numbers, long count)
    {
        ref ulong pairs = ref MemoryMarshal.GetArrayDataReference(Pairs);
        long whole = count / BlockLength;
        for (long block = 0; block < whole; block++)
        {
            byte* from = packed + (block * (BlockLength / 2));
            float* to = numbers + (block * BlockLength);
            for (int i = 0; i < BlockLength / 2; i++) ((ulong*)to)[i] = System.Runtime.CompilerServices.Unsafe.Add(ref pairs, from[i]);
            // The block is still in the nearest cache.
            Vector512<float> scale = Vector512.Create(scales[block]);
            for (int i = 0; i < BlockLength; i += Vector512<float>.Count) (Vector512.Load(to + i) * scale).Store(to + i);
        }
        for (long i = whole * BlockLength; i < count; i++) numbers[i] = Codes[i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2] & 15] * scales[whole];
    }

    private static byte CodeOf(float value)
    {
        int code = 0;
        // A binary search of four steps.
        for (int step = 8; step > 0; step /= 2)
        {
            if (value > Thresholds[code + step - 1]) code += step;
        }
        return (byte)code;
    }
}
