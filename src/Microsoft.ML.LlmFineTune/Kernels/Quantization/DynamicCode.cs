namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// The signed 8-bit code with a dynamic exponent (Dettmers: "8-Bit Approximations for Parallelism in Deep Learning", 2016): 256 numbers from -1 to 1, the nearer to 0 the closer together. NF4 keeps its
/// scales in it.
/// </summary>
public static class DynamicCode
{
    /// <summary>Numbers that share a second scale.</summary>
    public const int BlockLength = 256;

    private const int Exponents = 7;
    private static readonly float[] Numbers = Create();

    /// <summary>The 256 numbers, ascending.</summary>
    public static IReadOnlyList<float> Values => Numbers;

    /// <summary>The code of the nearest number; of two as near, the lower one.</summary>
    public static byte Nearest(float value)
    {
        int found = Array.BinarySearch(Numbers, value);
        if (found >= 0) return (byte)found;
        int above = ~found;
        if (above == 0) return 0;
        if (above == Numbers.Length) return (byte)(Numbers.Length - 1);
        return (byte)(value - Numbers[above - 1] <= Numbers[above] - value ? above - 1 : above);
    }

    /// <summary>For each power of ten, the middles of equal steps from a tenth of it to it: one step for the smallest power, twice as many for each next one.</summary>
    private static float[] Create()
    {
        List<float> values = [0, 1];
        for (int exponent = 0; exponent < Exponents; exponent++)
        {
            int steps = 1 << exponent;
            float power = (float)Math.Pow(10, exponent - Exponents + 1);
            for (int step = 0; step < steps; step++)
            {
                float middle = (Boundary(step, steps) + Boundary(step + 1, steps)) / 2;
                values.Add(power * middle);
                values.Add(-power * middle);
            }
        }
        return [.. values.Order()];
    }

    // The reference counts from the nearer end, in float32, and rounds once.
    private static float Boundary(int index, int steps)
    {
        float step = (1 - 0.1f) / steps;
        return index < (steps + 1) / 2 ? MathF.FusedMultiplyAdd(step, index, 0.1f) : MathF.FusedMultiplyAdd(-step, steps - index, 1);
    }
}
