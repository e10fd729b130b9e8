using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>
/// The loss of an encoder-decoder: the negative log-likelihood of each token of the target, in nats, given the source and the tokens before it. Translation and the like (<see cref="RowBatches"/> of
/// <see cref="Batches.Rows.TextRows.WithTarget"/>) and span corruption (<see cref="SpanCorruptionBatches"/>). Knows <see cref="EncoderDecoderModel"/>s, which shift the targets themselves.
/// </summary>
public sealed class SequenceToSequenceObjective : IObjective
{
    /// <summary>The metric of right first guesses: "accuracy".</summary>
    public const string Accuracy = VocabularyLoss.Accuracy;

    private readonly TokenLossOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">What is added in training; null: nothing.</param>
    public SequenceToSequenceObjective(TokenLossOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is not an encoder-decoder, or a token or target is not in its vocabulary.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        EncoderDecoderModel both = ModelInput.Expect<EncoderDecoderModel>(model, nameof(SequenceToSequenceObjective));
        Tensor hidden = Written(both, rows);                                                                        // [rows, target, width]
        TargetPlaces places = TargetPlaces.Of(rows, rows.Targets.Length, both.TargetVocabularySize, both.Device);
        return VocabularyLoss.Sum(hidden, places, both.TargetVocabularySize, both.Logits, both, _options, metrics);
    }

    /// <summary>The decoder's states at each place of the target, which is told (teacher forcing): [rows, target, width].</summary>
    internal static Tensor Written(EncoderDecoderModel model, TokenBatch rows)
    {
        Require.Argument(rows.TargetLength > 0, "An encoder-decoder needs a target to write; the rows have none.", nameof(rows));
        ModelInput.CheckTargets(rows, rows.Targets.Length, model.TargetVocabularySize);
        Tensor? mask = ModelInput.Mask(rows, model);
        Tensor memory = model.Encode(ModelInput.Tokens(rows, model), mask);                                         // [rows, source, width]
        // What is written past the end of a row is no target and, standing on the right, seen by none: it needs no mask.
        Tensor targets = tensor(rows.Targets, [rows.Rows, rows.TargetLength], device: model.Device);
        return model.Decode(model.ShiftRight(targets), memory, mask);
    }
}
