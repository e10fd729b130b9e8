namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How varied texts are. Lists have an entry for each order of n-grams, beginning with 1; an entry is null where no text has such an n-gram. Words are separated by white space.</summary>
public sealed record DiversityMetrics
{
    /// <summary>Texts.</summary>
    public required long Texts { get; init; }

    /// <summary>Words.</summary>
    public required long Tokens { get; init; }

    /// <summary>Different words.</summary>
    public required long Types { get; init; }

    /// <summary>Types / tokens, from 0 to 1; falls with the length of the texts. Null without words.</summary>
    public double? TypeTokenRatio => Tokens == 0 ? null : (double)Types / Tokens;

    /// <summary>Types / square root of the tokens (Guiraud), 0 or greater. Null without words.</summary>
    public double? RootTypeTokenRatio => Tokens == 0 ? null : Types / Math.Sqrt(Tokens);

    /// <summary>Share of the types that are seen once, from 0 to 1; null without words.</summary>
    public required double? HapaxRatio { get; init; }

    /// <summary>distinct-n (Li et al., NAACL 2016): different n-grams / n-grams over all texts, from 0 to 1; higher is more varied.</summary>
    public required IReadOnlyList<double?> Distinct { get; init; }

    /// <summary>Mean over the texts that have an n-gram of the ratio within each text, from 0 to 1.</summary>
    public required IReadOnlyList<double?> MeanDistinct { get; init; }

    /// <summary>seq-rep-n (Welleck et al., ICLR 2020): mean over the texts of the share of their n-grams that repeat an earlier one, 1 - <see cref="MeanDistinct"/>; lower is better.</summary>
    public IReadOnlyList<double?> SequenceRepetition => [.. MeanDistinct.Select(ratio => 1 - ratio)];

    /// <summary>Entropy of the n-grams' frequencies, in nats, 0 or greater.</summary>
    public required IReadOnlyList<double?> Entropy { get; init; }

    /// <summary>Repetition rate (Cettolo et al., 2014, without windows): the fourth root of the product over n = 1..4 of the share of the different n-grams that are seen more than once, from 0 to 1. Null unless there are n-grams of all four orders.</summary>
    public required double? RepetitionRate { get; init; }
}
