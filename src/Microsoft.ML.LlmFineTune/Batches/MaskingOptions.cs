using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>How tokens are hidden from a masked language model.</summary>
public sealed record MaskingOptions
{
    /// <summary>The token that stands for a hidden one; 0 or greater.</summary>
    public required int MaskToken { get; init; }

    /// <summary>Random tokens are drawn from 0 to one less than this; at least 1.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>How probably a token is selected, from 0 to 1; default 0.15. ModernBERT: 0.3.</summary>
    public double Probability { get; init; } = 0.15;

    /// <summary>The part of the selected tokens that become the mask, from 0 to 1; default 0.8.</summary>
    public double MaskedPart { get; init; } = 0.8;

    /// <summary>The part of the selected tokens that become a random token, from 0 to 1 less <see cref="MaskedPart"/>; default 0.1. The rest stays as it is.</summary>
    public double RandomPart { get; init; } = 0.1;

    /// <summary>Whether all tokens of a word are selected when any is; default false. A word of k tokens is then selected with probability 1 - (1 - <see cref="Probability"/>)^k.</summary>
    public bool WholeWords { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.NotNegative(MaskToken);
        Require.AtLeast(VocabularySize, 1);
        Require.Within(Probability, 0.0, 1.0);
        Require.Within(MaskedPart, 0.0, 1.0);
        Require.Within(RandomPart, 0.0, 1.0);
        Require.Argument(MaskedPart + RandomPart <= 1 + 1e-12, $"MaskedPart and RandomPart together must be at most 1; received {MaskedPart} and {RandomPart}.");
    }
}
