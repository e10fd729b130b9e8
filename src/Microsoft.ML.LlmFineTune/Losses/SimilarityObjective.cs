using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What is made of how like two texts are.</summary>
public enum SimilarityLossKind
{
    /// <summary>The squared difference of the cosine and the given likeness.</summary>
    Cosine = 0,

    /// <summary>CoSENT (Su, 2022): pairs that are more alike shall have the greater cosine, whatever it is; compares the pairs of a batch.</summary>
    Order = 1,

    /// <summary>Pairs that are alike (1) shall be near, pairs that are not (0) farther than a margin from each other (Hadsell, Chopra, LeCun, 2006).</summary>
    Margin = 2,
}

/// <summary>How pairs of texts are judged.</summary>
public sealed record SimilarityOptions
{
    /// <summary>The loss. Default <see cref="SimilarityLossKind.Cosine"/>.</summary>
    public SimilarityLossKind Loss { get; init; } = SimilarityLossKind.Cosine;

    /// <summary>Factor on the cosines of <see cref="SimilarityLossKind.Order"/>; greater than 0; default 20.</summary>
    public double Scale { get; init; } = 20;

    /// <summary>The margin of <see cref="SimilarityLossKind.Margin"/>; greater than 0; default 0.5.</summary>
    public double Margin { get; init; } = 0.5;

    /// <summary>The distance of <see cref="SimilarityLossKind.Margin"/>. Default <see cref="DistanceKind.Cosine"/>.</summary>
    public DistanceKind Distance { get; init; } = DistanceKind.Cosine;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Argument(Enum.IsDefined(Loss), $"Loss must be one of {string.Join(", ", Enum.GetNames<SimilarityLossKind>())}; received {Loss}.");
        Require.Positive(Scale);
        Require.Positive(Margin);
        Require.Argument(Enum.IsDefined(Distance), $"Distance must be one of {string.Join(", ", Enum.GetNames<DistanceKind>())}; received {Distance}.");
    }
}

/// <summary>The loss of embeddings of pairs whose likeness is given as the value of both rows of a unit. Knows <see cref="Models.TextEmbedder"/>s.</summary>
public sealed class SimilarityObjective : IObjective
{
    /// <summary>The metric of how far the cosines are from the likeness, squared and averaged: "squared error".</summary>
    public const string SquaredError = "squared error";

    private readonly SimilarityOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">How pairs are judged; null: the defaults.</param>
    public SimilarityObjective(SimilarityOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [SquaredError];

    /// <summary>Not where pairs of a batch are compared with each other.</summary>
    public bool SplitsBatches => _options.Loss != SimilarityLossKind.Order;

    /// <summary>The number of pairs; 1 where a batch has one loss (<see cref="SimilarityLossKind.Order"/>).</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => _options.Loss == SimilarityLossKind.Order ? 1 : Require.NotNull(rows).Units;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token is out of range, a unit has not two rows, or there is no likeness.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Tensor[] pair = EmbeddedUnits.Of(model, rows, nameof(SimilarityObjective), atLeast: 2, exactly: true);    // [pairs, width] each
        (Tensor left, Tensor right) = (pair[0], pair[1]);
        Tensor likeness = ModelInput.Values(rows, 1, left.device).view(rows.Units, 2).select(1, 0);               // [pairs]
        metrics?.Add(SquaredError, ContrastiveLosses.CosineSimilarity(left.detach(), right.detach(), likeness).sum().item<float>(), rows.Units);
        return _options.Loss switch
        {
            SimilarityLossKind.Order => ContrastiveLosses.Order(left, right, likeness, _options.Scale),
            SimilarityLossKind.Margin => ContrastiveLosses.Margin(left, right, likeness, _options.Margin, _options.Distance).sum(),
            _ => ContrastiveLosses.CosineSimilarity(left, right, likeness).sum(),
        };
    }
}
