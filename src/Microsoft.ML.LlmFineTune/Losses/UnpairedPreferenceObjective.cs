using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// Kahneman-Tversky optimization (Ethayarajh et al.: "KTO", 2024), for completions that are each wanted or not. A unit of rows is a completion, and its prompt with the completion of another one
/// (<see cref="Batches.Rows.PreferenceRows.OfSingles"/>); the value of both is 1 for wanted, 0 for unwanted. Trains decoders and encoder-decoders.
/// </summary>
public sealed class UnpairedPreferenceObjective : IObjective
{
    private readonly nn.Module? _reference;
    private readonly UnpairedPreferenceOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="reference">The model that the trained one is held to; it is put into evaluation mode and stays the caller's. Null: the rows have its log-probabilities (<see cref="ReferenceLogProbabilities"/>).</param>
    /// <param name="options">How; null: the defaults.</param>
    public UnpairedPreferenceObjective(nn.Module? reference, UnpairedPreferenceOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
        _reference = reference;
        reference?.eval();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } =
        [PreferenceMetrics.ChosenReward, PreferenceMetrics.RejectedReward, PreferenceMetrics.ChosenLogProbability, PreferenceMetrics.RejectedLogProbability, PreferenceMetrics.Divergence];

    /// <summary>Not where the divergence is estimated, which is a mean over the batch.</summary>
    public bool SplitsBatches => !_options.EstimatesDivergence;

    /// <summary>The number of completions that are judged.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Units;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is no language model or is the reference, a token or target is out of range, a unit has not two rows or no value, a completion has no token, or there is no reference.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        CompletionReading.CheckPairs(rows, nameof(UnpairedPreferenceObjective));
        TokenBatch judged = EveryOther(rows, 0);
        Tensor ours = CompletionReading.LogProbabilities(model, judged);                                          // [units, target length]
        Tensor ratio = (ours - CompletionReading.ReferenceLogProbabilities(_reference, model, judged, ours)).sum(1);   // [units]
        Tensor wanted = ModelInput.Values(judged, 1, ours.device).select(1, 0).gt(0.5);                           // [units]
        Tensor? divergence = _options.EstimatesDivergence ? Divergence(model, EveryOther(rows, 1), ours) : null;
        if (metrics is not null)
        {
            PreferenceMetrics.AddUnpaired(metrics, wanted, _options.Beta * ratio, ours.sum(1));
            metrics.Add(PreferenceMetrics.Divergence, (divergence?.item<float>() ?? 0) * rows.Units, rows.Units);
        }
        return UnpairedPreferenceLosses.Each(ratio, wanted, divergence, _options.Beta, _options.WantedWeight, _options.UnwantedWeight).sum();
    }

    private Tensor Divergence(nn.Module model, TokenBatch mismatched, Tensor like)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor ours = CompletionReading.LogProbabilities(model, mismatched);
        Tensor theirs = CompletionReading.ReferenceLogProbabilities(_reference, model, mismatched, like);
        return UnpairedPreferenceLosses.Divergence(ours.sum(1), theirs.sum(1)).MoveToOuterDisposeScope();
    }

    /// <summary>The first, or the second, rows of all units.</summary>
    private static TokenBatch EveryOther(TokenBatch rows, int which)
    {
        return new TokenBatch(rows.Units, rows.Length, Part(rows.Tokens)!, Part(rows.Targets)!, Part(rows.Mask), rows.TargetLength)
        {
            Values = Part(rows.Values),
            ReferenceLogProbabilities = Part(rows.ReferenceLogProbabilities),
        };

        T[]? Part<T>(T[]? all)
        {
            int each = (all?.Length ?? 0) / rows.Rows;
            return all is null ? null : [.. Enumerable.Range(0, rows.Units).SelectMany(unit => all.AsSpan(((2 * unit) + which) * each, each).ToArray())];
        }
    }
}
