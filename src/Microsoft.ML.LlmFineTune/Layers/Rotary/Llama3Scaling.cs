using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>
/// The scaling of Llama 3.1 (Meta, 2024): waves that are short against the original texts stay, long ones are stretched by the factor, and between the two bounds a little of both.
/// </summary>
/// <param name="Factor">How much long waves are stretched; at least 1.</param>
/// <param name="LowFrequencyFactor">Waves longer than the original length divided by this are stretched; greater than 0.</param>
/// <param name="HighFrequencyFactor">Waves shorter than the original length divided by this stay; greater than <paramref name="LowFrequencyFactor"/>.</param>
/// <param name="OriginalLength">Positions of the texts before the extension; at least 1.</param>
public sealed record Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalLength) : RotaryScaling
{
    /// <inheritdoc/>
    public override float[] Frequencies(int size, double theta, long length) => [.. RotaryEmbedding.Frequencies(size, theta).Select(frequency =>
    {
        double turns = OriginalLength * frequency / (2 * Math.PI);   // within an original text
        double kept = Math.Clamp((turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
        return (float)(((1 - kept) * frequency / Factor) + (kept * frequency));
    })];

    /// <inheritdoc/>
    public override void Validate(int size)
    {
        Require.AtLeast(Factor, 1.0);
        Require.Positive(LowFrequencyFactor);
        Require.AtLeast(OriginalLength, 1);
        Require.Argument(HighFrequencyFactor > LowFrequencyFactor, $"HighFrequencyFactor must be greater than LowFrequencyFactor; received {HighFrequencyFactor} and {LowFrequencyFactor}.", nameof(HighFrequencyFactor));
    }
}
