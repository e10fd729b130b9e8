using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// Unsupervised SimCSE (Gao, Yao, Chen: "SimCSE", 2021): each text is embedded twice, with other dropout, and must find itself among the texts of the batch. Rows are texts alone. Knows <see cref="TextEmbedder"/>s, whose backbone must have dropout.
/// </summary>
/// <remarks>In evaluation there is no dropout, so both views are the same and the loss says little: judge such a model by a data set of graded pairs.</remarks>
public sealed class TwoViewsObjective : IObjective
{
    private readonly RankingOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="temperature">What cosines are divided by; greater than 0; default 0.05.</param>
    public TwoViewsObjective(double temperature = 0.05) => _options = new RankingOptions { Scale = 1 / Require.Positive(temperature) };

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [RankingObjective.Accuracy];

    /// <summary>No: the other texts of a batch are what a text is told from.</summary>
    public bool SplitsBatches => false;

    /// <summary>The number of texts.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Rows;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, or a token is out of range.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        TextEmbedder embedder = ModelInput.Expect<TextEmbedder>(model, nameof(TwoViewsObjective));
        return RankingObjective.Sum(ModelScores.OfTexts(embedder, rows), ModelScores.OfTexts(embedder, rows), _options, metrics);
    }
}
