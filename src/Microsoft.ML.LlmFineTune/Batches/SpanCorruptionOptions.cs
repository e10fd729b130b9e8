using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>How spans of a text are taken out for the model to write.</summary>
public sealed record SpanCorruptionOptions
{
    /// <summary>The token that stands for the first span; the second has the one before it in the vocabulary, and so on. T5: the last of the vocabulary.</summary>
    public required int FirstSentinel { get; init; }

    /// <summary>How many sentinels there are, at least 1; default 100, as T5 has them.</summary>
    public int Sentinels { get; init; } = 100;

    /// <summary>The token that ends source and target. T5: 1.</summary>
    public required int EndOfText { get; init; }

    /// <summary>The part of the tokens that is taken out, between 0 and 1; default 0.15.</summary>
    public double Density { get; init; } = 0.15;

    /// <summary>Tokens that a span has on average, at least 1; default 3.</summary>
    public double MeanSpanLength { get; init; } = 3;

    /// <summary>Whether the target ends with one more sentinel, as the paper's figure has it; default false, as T5 was trained.</summary>
    public bool ClosesTargets { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.AtLeast(Sentinels, 1);
        Require.AtLeast(FirstSentinel, Sentinels - 1);
        Require.NotNegative(EndOfText);
        Require.Argument(Density is > 0 and < 1, $"Density must be greater than 0 and less than 1; received {Density}.");
        Require.AtLeast(MeanSpanLength, 1.0);
    }
}
