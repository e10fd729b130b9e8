using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How BLEU is computed; the defaults are sacreBLEU's. Immutable; checked when an accumulator is created.</summary>
public sealed record BleuOptions
{
    /// <summary>The largest order of n-grams that can be asked for.</summary>
    public const int LargestOrder = 100;

    /// <summary>How texts are split into tokens. Default <see cref="BleuTokenizer.V13a"/>.</summary>
    public BleuTokenizer Tokenizer { get; init; } = BleuTokenizer.V13a;

    /// <summary>Whether texts are lower-cased first, by Unicode's full mapping. Default false.</summary>
    public bool Lowercase { get; init; }

    /// <summary>What is done with orders without a match. Default <see cref="BleuSmoothing.Exponential"/>.</summary>
    public BleuSmoothing Smoothing { get; init; } = BleuSmoothing.Exponential;

    /// <summary>The value of <see cref="BleuSmoothing.Floor"/> and <see cref="BleuSmoothing.AddK"/>; at least 0. Default null: 0.1 for the former, 1 for the latter. The others have none and ignore it.</summary>
    public double? SmoothingValue { get; init; }

    /// <summary>The longest n-grams that are counted; from 1 to <see cref="LargestOrder"/>. Default 4.</summary>
    public int MaximumOrder { get; init; } = 4;

    /// <summary>Whether the mean of the precisions ends at the last order that the text is long enough for. Default false; recommended for sentences, which otherwise score 0 when they are shorter than <see cref="MaximumOrder"/>.</summary>
    public bool EffectiveOrder { get; init; }

    /// <summary>The smoothing value that is used; null where the method has none.</summary>
    internal double? UsedSmoothingValue => Smoothing switch
    {
        BleuSmoothing.Floor => SmoothingValue ?? 0.1,
        BleuSmoothing.AddK => SmoothingValue ?? 1,
        _ => null,
    };

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Argument(Enum.IsDefined(Tokenizer), $"Tokenizer must be one of {string.Join(", ", Enum.GetNames<BleuTokenizer>())}; received {Tokenizer}.", nameof(Tokenizer));
        Require.Argument(Enum.IsDefined(Smoothing), $"Smoothing must be one of {string.Join(", ", Enum.GetNames<BleuSmoothing>())}; received {Smoothing}.", nameof(Smoothing));
        if (SmoothingValue is double value) Require.NotNegative(value, nameof(SmoothingValue));
        Require.Within(MaximumOrder, 1, LargestOrder);
    }
}
