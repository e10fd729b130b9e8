using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// Training on preferences without a reference: CPO (Xu et al., 2024), SimPO (Meng et al., 2024), ORPO (Hong et al., 2024). A unit of rows is chosen and rejected (<see cref="Batches.Rows.PreferenceRows.OfPair"/>).
/// Trains decoders and encoder-decoders.
/// </summary>
/// <remarks>The likelihood is averaged over the tokens of a step, so that accumulated batches are one large one (TRL averages over those of each); in validation over all tokens of the data. It covers what the rows have as targets, which for ORPO may include the prompt of the chosen row.</remarks>
public sealed class ReferenceFreePreferenceObjective : IObjective
{
    /// <summary>The metric of the negative log-likelihood of the chosen completions a token: "nll_loss".</summary>
    public const string Likelihood = "nll_loss";

    private readonly ReferenceFreePreferenceOptions _options;
    private readonly double? _meanFirstLength;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">How; null: the defaults, which are CPO.</param>
    public ReferenceFreePreferenceObjective(ReferenceFreePreferenceOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    private ReferenceFreePreferenceObjective(ReferenceFreePreferenceObjective other, double meanFirstLength) => (_options, _meanFirstLength) = (other._options, meanFirstLength);

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [.. PreferenceMetrics.OfPairs, Likelihood];

    /// <summary>The number of pairs.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Units;

    /// <inheritdoc/>
    public IObjective Over(IEnumerable<TokenBatch> batches) => _options.LikelihoodWeight == 0 ? this : new ReferenceFreePreferenceObjective(this, CompletionReading.MeanFirstLength(batches));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is no language model, a token or target is out of range, a unit has not two rows, or a completion has no token.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        CompletionReading.CheckPairs(rows, nameof(ReferenceFreePreferenceObjective));
        Tensor all = CompletionReading.LogProbabilities(model, rows);                                             // [rows, target length]
        (Tensor First, Tensor Second) halves = CompletionReading.Halves(all), kept = CompletionReading.Halves(CompletionReading.Kept(rows, all.device));
        (CompletionScores chosen, CompletionScores rejected) = (CompletionScores.Of(halves.First, kept.First), CompletionScores.Of(halves.Second, kept.Second));   // [pairs] each
        if (metrics is not null)
        {
            PreferenceMetrics.Add(metrics, ReferenceFreeLosses.Rewards(chosen, _options), ReferenceFreeLosses.Rewards(rejected, _options), chosen.Sum, rejected.Sum);
            metrics.Add(Likelihood, -chosen.Sum.sum().item<float>(), chosen.Length.sum().item<float>());
        }
        Tensor losses = ReferenceFreeLosses.Each(chosen, rejected, _options).sum();
        return _options.LikelihoodWeight == 0 ? losses : losses - (_options.LikelihoodWeight / (_meanFirstLength ?? CompletionReading.MeanFirstLength(rows.Step)) * chosen.Sum.sum());
    }
}
