using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses.Functions;

/// <summary>Losses of embeddings: what is alike shall be near, what is not shall be far.</summary>
public static class ContrastiveLosses
{
    /// <summary>
    /// Multiple negatives ranking (InfoNCE: van den Oord et al., 2018; Henderson et al., 2017): each anchor must tell its positive from those of all other anchors and from every hard negative.
    /// </summary>
    /// <param name="anchors">[n, width].</param>
    /// <param name="candidates">[m, width], the n positives first, in the order of the anchors.</param>
    /// <param name="scale">Factor on the similarities; the inverse of a temperature. Greater than 0.</param>
    /// <param name="kind">The similarity.</param>
    /// <param name="symmetric">Whether each positive must tell its anchor from the others, too: then the loss is the mean of both.</param>
    /// <param name="labelSmoothing">The part of a label that all candidates share, from 0 to less than 1.</param>
    /// <returns>[n]: the loss of each anchor.</returns>
    public static Tensor Ranking(Tensor anchors, Tensor candidates, double scale = 20, SimilarityKind kind = SimilarityKind.Cosine, bool symmetric = false, double labelSmoothing = 0)
    {
        Require.Positive(scale);
        long rows = Require.NotNull(anchors).size(0);
        Require.Argument(Require.NotNull(candidates).size(0) >= rows, $"Every anchor needs a positive: {rows} anchors were given, {candidates.size(0)} candidates.", nameof(candidates));
        Tensor scores = Similarity.Matrix(anchors, candidates, kind) * scale;                       // [n, m]
        Tensor own = arange(rows, dtype: ScalarType.Int64, device: anchors.device);                 // [n]
        Tensor forward = CrossEntropy.Each(scores, own, labelSmoothing);
        return symmetric ? (forward + CrossEntropy.Each(scores.narrow(1, 0, rows).t(), own, labelSmoothing)) / 2 : forward;
    }

    /// <summary>(cos - y)^2 of each pair.</summary>
    /// <param name="left">[n, width].</param>
    /// <param name="right">[n, width].</param>
    /// <param name="likeness">[n]: how like they are, as a cosine.</param>
    /// <returns>[n].</returns>
    public static Tensor CosineSimilarity(Tensor left, Tensor right, Tensor likeness) => RegressionLosses.Squared(Similarity.Cosines(left, right), likeness);

    /// <summary>CoSENT (Su, 2022): log(1 + the sum over pairs of pairs, i less alike than j, of exp(scale * (cos_i - cos_j))): only the order of likeness counts.</summary>
    /// <param name="left">[n, width].</param>
    /// <param name="right">[n, width].</param>
    /// <param name="likeness">[n]: any numbers, greater for pairs more alike.</param>
    /// <param name="scale">Factor on the cosines; greater than 0.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Order(Tensor left, Tensor right, Tensor likeness, double scale = 20)
    {
        Require.Positive(scale);
        Tensor cosines = Similarity.Cosines(left, right) * scale;                                   // [n]
        Tensor differences = cosines.unsqueeze(1) - cosines.unsqueeze(0);                           // [n, n]: of i and j
        Tensor counts = Require.NotNull(likeness).unsqueeze(1).lt(likeness.unsqueeze(0));           // [n, n]: i less alike than j
        Tensor given = differences.masked_fill(counts.logical_not(), double.NegativeInfinity).reshape(-1);
        return cat([zeros([1], dtype: given.dtype, device: given.device), given]).logsumexp(0);
    }

    /// <summary>max(0, distance to the positive - distance to the negative + margin) of each triplet (Schroff et al.: "FaceNet", 2015).</summary>
    /// <param name="anchors">[n, width].</param>
    /// <param name="positives">[n, width].</param>
    /// <param name="negatives">[n, width].</param>
    /// <param name="margin">How much farther the negative shall be; at least 0.</param>
    /// <param name="kind">The distance.</param>
    /// <returns>[n].</returns>
    public static Tensor Triplet(Tensor anchors, Tensor positives, Tensor negatives, double margin = 5, DistanceKind kind = DistanceKind.Euclidean)
    {
        Require.NotNegative(margin);
        return (Similarity.Distances(anchors, positives, kind) - Similarity.Distances(anchors, negatives, kind) + margin).relu();
    }

    /// <summary>(y * d^2 + (1 - y) * max(0, margin - d)^2) / 2 of each pair, d being its distance (Hadsell, Chopra, LeCun, 2006).</summary>
    /// <param name="left">[n, width].</param>
    /// <param name="right">[n, width].</param>
    /// <param name="alike">[n]: 1 for pairs that are alike, 0 for those that are not.</param>
    /// <param name="margin">How far from each other pairs that are not alike shall be; greater than 0.</param>
    /// <param name="kind">The distance.</param>
    /// <returns>[n].</returns>
    public static Tensor Margin(Tensor left, Tensor right, Tensor alike, double margin = 0.5, DistanceKind kind = DistanceKind.Cosine)
    {
        Require.Positive(margin);
        Tensor distances = Similarity.Distances(left, right, kind);                                 // [n]
        return 0.5 * ((alike * distances.square()) + ((1 - alike) * (margin - distances).relu().square()));
    }
}
