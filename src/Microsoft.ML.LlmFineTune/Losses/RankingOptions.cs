using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>How embeddings are ranked.</summary>
public sealed record RankingOptions
{
    /// <summary>Factor on the similarities, the inverse of a temperature; greater than 0. Default 20, for cosines; 1 is usual for dot products.</summary>
    public double Scale { get; init; } = 20;

    /// <summary>The similarity. Default <see cref="SimilarityKind.Cosine"/>.</summary>
    public SimilarityKind Similarity { get; init; } = SimilarityKind.Cosine;

    /// <summary>Whether each positive must find its anchor, too; default false.</summary>
    public bool IsSymmetric { get; init; }

    /// <summary>The part of a label that all candidates share, from 0 to less than 1; default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Positive(Scale);
        Require.Argument(Enum.IsDefined(Similarity), $"Similarity must be one of {string.Join(", ", Enum.GetNames<SimilarityKind>())}; received {Similarity}.");
        Require.Below(LabelSmoothing, 0.0, 1.0);
    }
}
