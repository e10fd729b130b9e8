using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>
/// YaRN (Peng et al.: "YaRN: Efficient Context Window Extension of Large Language Models", 2023): pairs that turn often within a trained text stay, those that hardly turn are slowed by the factor,
/// those in between a little of both.
/// </summary>
/// <param name="Factor">How many times longer texts may be; at least 1.</param>
/// <param name="OriginalLength">Positions of the texts before the extension; at least 1.</param>
public sealed record YarnScaling(double Factor, int OriginalLength) : RotaryScaling
{
    /// <summary>Turns within <see cref="OriginalLength"/> from which on a pair stays (<c>beta_fast</c>); default 32; greater than <see cref="SlowTurns"/>.</summary>
    public double FastTurns { get; init; } = 32;

    /// <summary>Turns within <see cref="OriginalLength"/> up to which a pair is slowed by the whole factor (<c>beta_slow</c>); default 1; greater than 0.</summary>
    public double SlowTurns { get; init; } = 1;

    /// <summary>The amplitude (<c>attention_factor</c>); default null: it follows from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Weight of the factor's logarithm in the amplitude's numerator (<c>mscale</c>, DeepSeek); default null. It counts only where <see cref="AllDimensionsScale"/> is given, too, and neither is 0.</summary>
    public double? Scale { get; init; }

    /// <summary>Weight of the factor's logarithm in the amplitude's denominator (<c>mscale_all_dim</c>); default null.</summary>
    public double? AllDimensionsScale { get; init; }

    /// <summary>Whether the bounds between the three kinds of pairs are rounded to whole pairs (<c>truncate</c>); default true.</summary>
    public bool Truncate { get; init; } = true;

    /// <inheritdoc/>
    public override double Amplitude => AttentionFactor
        ?? (Scale is double up and not 0 && AllDimensionsScale is double down and not 0 ? Temperature(up) / Temperature(down) : Temperature(1));

    /// <inheritdoc/>
    public override float[] Frequencies(int size, double theta, long length)
    {
        (double low, double high) = (PairOfTurns(FastTurns), PairOfTurns(SlowTurns));
        if (Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, size - 1));
        if (low == high) high += 0.001;
        return [.. RotaryEmbedding.Frequencies(size, theta).Select((frequency, pair) =>
        {
            double slowed = Math.Clamp((pair - low) / (high - low), 0, 1);
            return (float)((frequency / Factor * slowed) + (frequency * (1 - slowed)));
        })];

        // Which pair turns so many times within an original text; not a whole number.
        double PairOfTurns(double turns) => size * Math.Log(OriginalLength / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
    }

    /// <inheritdoc/>
    public override int Reach(int trainedLength) => Math.Max(trainedLength, Times(Factor, OriginalLength));

    /// <inheritdoc/>
    public override void Validate(int size)
    {
        Require.AtLeast(Factor, 1.0);
        Require.AtLeast(OriginalLength, 1);
        Require.Positive(SlowTurns);
        Require.Argument(FastTurns > SlowTurns, $"FastTurns (beta_fast) must be greater than SlowTurns (beta_slow); received {FastTurns} and {SlowTurns}.", nameof(FastTurns));
    }

    private double Temperature(double weight) => Factor <= 1 ? 1 : (0.1 * weight * Math.Log(Factor)) + 1;
}
