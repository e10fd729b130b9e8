using Golden.Library;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using static TorchSharp.torch;

namespace Golden.Training.Losses;

/// <summary>Pairs and triplets of embeddings.</summary>
internal static class EmbeddingLosses
{
    public static LossAnswer Compute(LossCase c)
    {
        var (a, p) = (c.Numbers("a"), c.Numbers("p"));
        return c.Kind switch
        {
            "multiple_negatives_ranking" => new(ContrastiveLosses.Ranking(a, Candidates(c, p), c.Option("scale", 20.0), Kind(c.Option("similarity", "cosine")), c.Option("symmetric", false), c.Option("label_smoothing", 0.0)).mean()),
            "simcse_unsupervised" => new(ContrastiveLosses.Ranking(a, Candidates(c, p), 1 / c.Option("temperature", 0.05)).mean()),
            "cosine_similarity" => new(ContrastiveLosses.CosineSimilarity(a, p, c.Numbers("y")).mean()),
            "cosent" => new(ContrastiveLosses.Order(a, p, c.Numbers("y"), c.Option("scale", 20.0))),
            "triplet" => new(ContrastiveLosses.Triplet(a, p, c.Numbers("negative"), c.Option("margin", 5.0), Distance(c.Option("distance", "euclidean"))).mean()),
            _ => new(ContrastiveLosses.Margin(a, p, c.Numbers("y"), c.Option("margin", 0.5), Distance(c.Option("distance", "cosine"))).mean()),
        };
    }

    private static Tensor Candidates(LossCase c, Tensor positives) => c.Has("negative") ? cat([positives, c.Numbers("negative")]) : positives;

    private static SimilarityKind Kind(string name) => name switch
    {
        "cosine" => SimilarityKind.Cosine,
        "dot" => SimilarityKind.Dot,
        _ => throw new UnsupportedException($"there is no similarity {name}"),
    };

    private static DistanceKind Distance(string name) => name switch
    {
        "euclidean" => DistanceKind.Euclidean,
        "cosine" => DistanceKind.Cosine,
        "manhattan" => DistanceKind.Manhattan,
        _ => throw new UnsupportedException($"there is no distance {name}"),
    };
}
