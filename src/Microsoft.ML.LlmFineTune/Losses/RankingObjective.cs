using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// Multiple negatives ranking of embeddings (Henderson et al., 2017; van den Oord et al., 2018): each anchor must find its positive among the positives of all units of the batch and all hard negatives. A unit of rows is an anchor, its positive
/// and, where there are any, its hard negatives. Knows <see cref="TextEmbedder"/>s.
/// </summary>
/// <remarks>More units a batch make a harder task. Two units of a batch whose positives fit each other's anchors teach the wrong thing: keep duplicates apart.</remarks>
public sealed class RankingObjective : IObjective
{
    /// <summary>The metric of anchors that find their positive first: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    private readonly RankingOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">How embeddings are ranked; null: the defaults.</param>
    public RankingObjective(RankingOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <summary>No: the other units of a batch are what an anchor is told from.</summary>
    public bool SplitsBatches => false;

    /// <summary>The number of anchors.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Units;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token is out of range, or a unit has one row only.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Tensor[] members = EmbeddedUnits.Of(model, rows, nameof(RankingObjective), atLeast: 2);                   // [units, width] each
        return Sum(members[0], members.Length == 2 ? members[1] : cat(members[1..]), _options, metrics);
    }

    /// <summary>The summed loss of anchors among candidates, the anchors' own first.</summary>
    internal static Tensor Sum(Tensor anchors, Tensor candidates, RankingOptions options, MetricSums? metrics)
    {
        if (metrics is not null)
        {
            Tensor best = Similarity.Matrix(anchors.detach(), candidates.detach(), options.Similarity).argmax(1);
            metrics.Add(Accuracy, best.eq(arange(best.numel(), dtype: ScalarType.Int64, device: best.device)).sum().item<long>(), best.numel());
        }
        return ContrastiveLosses.Ranking(anchors, candidates, options.Scale, options.Similarity, options.IsSymmetric, options.LabelSmoothing).sum();
    }
}
