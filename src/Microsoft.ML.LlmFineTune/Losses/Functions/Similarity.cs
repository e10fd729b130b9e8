using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>How like two vectors are.</summary>
public enum SimilarityKind
{
    /// <summary>The cosine of the angle between them, from -1 to 1.</summary>
    Cosine = 0,

    /// <summary>Their dot product.</summary>
    Dot = 1,
}

/// <summary>How far two vectors are from each other.</summary>
public enum DistanceKind
{
    /// <summary>The length of their difference.</summary>
    Euclidean = 0,

    /// <summary>1 less the cosine of the angle between them.</summary>
    Cosine = 1,

    /// <summary>The sum of the differences of their numbers.</summary>
    Manhattan = 2,
}

/// <summary>Similarities and distances of embeddings.</summary>
public static class Similarity
{
    // As in torch: a length counts as this at least.
    private const double SmallestLength = 1e-8;

    // Below the root, so that the distance of equal vectors has a gradient, 0.
    private const double SmallestSquare = 1e-24;

    /// <summary>The similarity of every row of one matrix to every row of another.</summary>
    /// <param name="left">[n, width].</param>
    /// <param name="right">[m, width].</param>
    /// <param name="kind">Which.</param>
    /// <returns>[n, m].</returns>
    public static Tensor Matrix(Tensor left, Tensor right, SimilarityKind kind) => kind == SimilarityKind.Cosine
        ? Directions(left).matmul(Directions(right).t())
        : left.matmul(right.t());

    /// <summary>The cosine of each row of one matrix and the same row of the other.</summary>
    /// <param name="left">[n, width].</param>
    /// <param name="right">[n, width].</param>
    /// <returns>[n].</returns>
    public static Tensor Cosines(Tensor left, Tensor right) => (Directions(left) * Directions(right)).sum(-1);

    /// <summary>The distance of each row of one matrix from the same row of the other.</summary>
    /// <param name="left">[n, width].</param>
    /// <param name="right">[n, width].</param>
    /// <param name="kind">Which.</param>
    /// <returns>[n].</returns>
    public static Tensor Distances(Tensor left, Tensor right, DistanceKind kind) => kind switch
    {
        DistanceKind.Cosine => 1 - Cosines(left, right),
        DistanceKind.Manhattan => (Require.NotNull(left) - right).abs().sum(-1),
        _ => (Require.NotNull(left) - right).square().sum(-1).clamp_min(SmallestSquare).sqrt(),
    };

    private static Tensor Directions(Tensor rows) => Require.NotNull(rows) / rows.square().sum(-1, keepdim: true).clamp_min(SmallestLength * SmallestLength).sqrt();
}
