using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>The numbers of rotary positions (Su et al.: "RoFormer", 2021).</summary>
public sealed record RotaryOptions
{
    /// <summary>The base of the frequencies (<c>rope_theta</c>); default 10,000; greater than 0.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary>Which part of a head's numbers is rotated (<c>partial_rotary_factor</c>), its first; default 1; greater than 0, at most 1.</summary>
    public double Fraction { get; init; } = 1;

    /// <summary>How longer texts than those of training are read; default null: as they come.</summary>
    public RotaryScaling? Scaling { get; init; }

    /// <summary>How many numbers of a head are rotated.</summary>
    /// <param name="headSize">Numbers a head.</param>
    public int SizeOf(int headSize) => (int)(headSize * Fraction);

    /// <summary>Demands that the numbers make sense for heads of a size.</summary>
    /// <param name="headSize">Numbers a head.</param>
    /// <exception cref="ArgumentException">One of them is out of its range; the message says which.</exception>
    public void Validate(int headSize)
    {
        Require.Positive(Theta);
        Require.Argument(Fraction is > 0 and <= 1, $"Fraction must be greater than 0 and at most 1; received {Fraction}.", nameof(Fraction));
        int size = SizeOf(headSize);
        Require.Argument(size > 0 && size % 2 == 0, $"An even count of a head's numbers is rotated, as pairs; received heads of {headSize} and the fraction {Fraction}, which is {size}.", nameof(Fraction));
        Scaling?.Validate(size);
    }
}
