using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>
/// LongRoPE (Ding et al.: "LongRoPE: Extending LLM Context Window Beyond 2 Million Tokens", 2024): a divisor for each frequency, found by search; one list for texts of the original length, one for longer ones.
/// Keys that are cached keep the rotation of the step that made them; Phi-3's generation makes them anew.
/// </summary>
/// <param name="ShortFactors">Divisors up to <paramref name="OriginalLength"/> positions; rotary size / 2 of them, each greater than 0.</param>
/// <param name="LongFactors">Divisors beyond it; as many.</param>
/// <param name="OriginalLength">Positions of the texts before the extension; at least 2.</param>
/// <param name="Factor">How many times longer texts may be; the amplitude follows from it.</param>
public sealed record LongRopeScaling(IReadOnlyList<double> ShortFactors, IReadOnlyList<double> LongFactors, int OriginalLength, double Factor) : RotaryScaling
{
    /// <summary>Whether the factor follows from the model's positions and <see cref="OriginalLength"/>, and so is not written; default false.</summary>
    public bool IsFactorDerived { get; init; }

    /// <summary>The amplitude (<c>attention_factor</c>); default null: sqrt(1 + ln(factor) / ln(original length)), for texts of every length.</summary>
    public double? AttentionFactor { get; init; }

    /// <inheritdoc/>
    public override double Amplitude => AttentionFactor ?? (Factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(Factor) / Math.Log(OriginalLength))));

    /// <inheritdoc/>
    public override bool DependsOnLength => true;

    /// <inheritdoc/>
    public override float[] Frequencies(int size, double theta, long length) =>
        [.. RotaryEmbedding.Frequencies(size, theta).Zip(length > OriginalLength ? LongFactors : ShortFactors, (frequency, factor) => frequency / (float)factor)];

    /// <inheritdoc/>
    public override void Validate(int size)
    {
        Require.AtLeast(OriginalLength, 2);
        Require.Positive(Factor);
        foreach ((string name, IReadOnlyList<double> factors) in (ReadOnlySpan<(string, IReadOnlyList<double>)>)[(nameof(ShortFactors), ShortFactors), (nameof(LongFactors), LongFactors)])
        {
            Require.Argument(factors.Count == size / 2 && factors.All(factor => factor > 0), $"{name} must be {size / 2} positive numbers, one for each pair that is rotated; received {factors.Count}.", name);
        }
    }
}
