using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// Direct preference optimization (Rafailov et al.: "Direct preference optimization", 2023) and its descendants: the chosen completion of a pair shall become more probable against a reference than the rejected one.
/// A unit of rows is chosen and rejected (<see cref="Batches.Rows.PreferenceRows.OfPair"/>). Trains decoders and encoder-decoders.
/// </summary>
/// <remarks>
/// One reference serves all replicas at the same time: it is in evaluation mode, without gradients.
/// <see cref="PreferenceLossKind.ChosenLikelihood"/> is averaged over the tokens of a step, so that accumulated batches are one large one
/// (TRL averages over those of each); in validation over all tokens of the data.
/// </remarks>
public sealed class PreferenceObjective : IObjective
{
    private readonly nn.Module? _reference;
    private readonly PreferenceOptions _options;
    private readonly double? _meanFirstLength;

    /// <summary>Creates the objective.</summary>
    /// <param name="reference">The model that the trained one is held to, usually what training starts from; it is put into evaluation mode and stays the caller's. Null: the rows have its log-probabilities (<see cref="ReferenceLogProbabilities"/>).</param>
    /// <param name="options">How; null: the defaults, which are DPO.</param>
    public PreferenceObjective(nn.Module? reference, PreferenceOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
        _reference = reference;
        reference?.eval();
    }

    private PreferenceObjective(PreferenceObjective other, double meanFirstLength) => (_reference, _options, _meanFirstLength) = (other._reference, other._options, meanFirstLength);

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics => PreferenceMetrics.OfPairs;

    /// <summary>Not where the pairs of a batch are sorted (optimal transport).</summary>
    public bool SplitsBatches => !_options.Losses.Any(part => part.Loss is PreferenceLossKind.OptimalTransport or PreferenceLossKind.OptimalTransportUnpaired);

    /// <summary>The number of pairs.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Units;

    /// <inheritdoc/>
    public IObjective Over(IEnumerable<TokenBatch> batches) => _options.Losses.Any(part => part.Loss == PreferenceLossKind.ChosenLikelihood) ? new PreferenceObjective(this, CompletionReading.MeanFirstLength(batches)) : this;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is no language model or is the reference, a token or target is out of range, a unit has not two rows, a completion has no token, or there is no reference.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        CompletionReading.CheckPairs(rows, nameof(PreferenceObjective));
        Tensor ours = CompletionReading.LogProbabilities(model, rows);                                            // [rows, target length]
        Tensor theirs = CompletionReading.ReferenceLogProbabilities(_reference, model, rows, ours);               // [rows, target length]
        (Tensor First, Tensor Second) trained = CompletionReading.Halves(ours), reference = CompletionReading.Halves(theirs), kept = CompletionReading.Halves(CompletionReading.Kept(rows, ours.device));
        (CompletionScores chosen, CompletionScores rejected) = CompletionScores.OfPairs(trained.First, trained.Second, kept.First, kept.Second, _options.TailWeight);
        (CompletionScores ofChosen, CompletionScores ofRejected) = CompletionScores.OfPairs(reference.First, reference.Second, kept.First, kept.Second, _options.TailWeight);
        PreferenceScores scores = new(chosen, rejected, ofChosen.Sum, ofRejected.Sum);                            // [pairs] each
        if (metrics is not null) PreferenceMetrics.Add(metrics, _options.Beta * scores.ChosenRatio, _options.Beta * scores.RejectedRatio, chosen.Sum, rejected.Sum);
        Tensor likelihood = trained.First.sum(1) / (_meanFirstLength ?? CompletionReading.MeanFirstLength(rows.Step)); // [pairs]
        return PreferenceLosses.Each(scores, _options, likelihood).sum();
    }
}
