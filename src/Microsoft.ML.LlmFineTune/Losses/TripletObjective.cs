using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of embeddings of triplets (Schroff et al.: "FaceNet", 2015): the negative shall be farther from the anchor than the positive by a margin. A unit of rows is anchor, positive, negative. Knows <see cref="Models.TextEmbedder"/>s.</summary>
public sealed class TripletObjective : IObjective
{
    /// <summary>The metric of triplets whose positive is the nearer one: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    private readonly double _margin;
    private readonly DistanceKind _distance;

    /// <summary>Creates the objective.</summary>
    /// <param name="margin">How much farther the negative shall be, at least 0; 5 is usual for Euclidean distances of vectors that are not normalised, 0.5 for cosines.</param>
    /// <param name="distance">The distance.</param>
    public TripletObjective(double margin = 5, DistanceKind distance = DistanceKind.Euclidean)
    {
        Require.Argument(Enum.IsDefined(distance), $"The distance must be one of {string.Join(", ", Enum.GetNames<DistanceKind>())}; received {distance}.", nameof(distance));
        (_margin, _distance) = (Require.NotNegative(margin), distance);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <summary>The number of triplets.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Units;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token is out of range, or a unit has not three rows.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Tensor[] triplet = EmbeddedUnits.Of(model, rows, nameof(TripletObjective), atLeast: 3, exactly: true);    // [triplets, width] each
        if (metrics is not null)
        {
            Tensor[] fixedTriplet = [.. triplet.Select(member => member.detach())];
            Tensor nearer = Similarity.Distances(fixedTriplet[0], fixedTriplet[1], _distance).lt(Similarity.Distances(fixedTriplet[0], fixedTriplet[2], _distance));
            metrics.Add(Accuracy, nearer.sum().item<long>(), rows.Units);
        }
        return ContrastiveLosses.Triplet(triplet[0], triplet[1], triplet[2], _margin, _distance).sum();
    }
}
