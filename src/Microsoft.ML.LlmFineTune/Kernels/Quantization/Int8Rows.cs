using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Rows of numbers in eight bits with a scale for each row: its largest magnitude / 127. A row of zeros has the scale 1/127.</summary>
public static class Int8Rows
{
    private const float Largest = 127;

    /// <summary>Quantises rows; halves are rounded to the even number.</summary>
    /// <param name="numbers">Row after row, finite.</param>
    /// <param name="columns">Numbers a row; at least 1.</param>
    /// <param name="codes">Receives the codes, from -127 to 127.</param>
    /// <param name="scales">Receives the scale of each row.</param>
    public static void Quantize(ReadOnlySpan<float> numbers, int columns, Span<sbyte> codes, Span<float> scales)
    {
        RequireFit(numbers.Length, columns, codes.Length, scales.Length);
        for (int row = 0; row < scales.Length; row++)
        {
            ReadOnlySpan<float> from = numbers.Slice(row * columns, columns);
            float largest = 0;
            foreach (float number in from) largest = Math.Max(largest, Math.Abs(number));
            float scale = scales[row] = (largest > 0 ? largest : 1) / Largest;
            for (int i = 0; i < columns; i++) codes[(row * columns) + i] = (sbyte)Math.Clamp(MathF.Round(from[i] / scale, MidpointRounding.ToEven), -Largest, Largest);
        }
    }

    /// <summary>The numbers that the codes stand for.</summary>
    /// <param name="codes">Row after row.</param>
    /// <param name="scales">The scale of each row.</param>
    /// <param name="columns">Numbers a row; at least 1.</param>
    /// <param name="numbers">Receives the numbers.</param>
    public static void Dequantize(ReadOnlySpan<sbyte> codes, ReadOnlySpan<float> scales, int columns, Span<float> numbers)
    {
        RequireFit(numbers.Length, columns, codes.Length, scales.Length);
        for (int i = 0; i < codes.Length; i++) numbers[i] = codes[i] * scales[i / columns];
    }

    private static void RequireFit(int numbers, int columns, int codes, int scales) =>
        Require.Argument(codes == numbers && (long)scales * Require.AtLeast(columns, 1) == numbers, $"{numbers} numbers in rows of {columns} have as many codes, and a scale a row; received {codes} codes and {scales} scales.", nameof(codes));
}
