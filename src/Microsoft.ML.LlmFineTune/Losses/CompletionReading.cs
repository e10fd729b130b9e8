using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>How language models read rows whose targets are tokens: decoders go through the row, encoder-decoders write the target.</summary>
internal static class CompletionReading
{
    /// <summary>The states at the places that have a target, and which these are.</summary>
    /// <exception cref="ArgumentException">The model is no language model, or a token or target is out of range.</exception>
    public static (TargetStates States, TargetPlaces Places) Of(nn.Module model, TokenBatch rows)
    {
        Require.NotNull(rows);
        switch (model)
        {
            case DecoderModel decoder:
                TargetPlaces places = TargetPlaces.Of(rows, rows.Tokens.Length, decoder.Config.VocabularySize, decoder.Device);
                Tensor read = decoder.Forward(ModelInput.Tokens(rows, decoder), documents: ModelInput.Documents(rows, decoder));
                return (new(places.Select(read), places.Targets, decoder.Config.VocabularySize, decoder.Logits, decoder, decoder), places);
            case EncoderDecoderModel both:
                Tensor written = SequenceToSequenceObjective.Written(both, rows);
                TargetPlaces wanted = TargetPlaces.Of(rows, rows.Targets.Length, both.TargetVocabularySize, both.Device);
                return (new(wanted.Select(written), wanted.Targets, both.TargetVocabularySize, both.Logits, both, both), wanted);
            default:
                throw new ArgumentException($"This objective trains a {nameof(DecoderModel)} or an {nameof(EncoderDecoderModel)}; received a {model?.GetType().Name ?? "null"}.", nameof(model));
        }
    }

    /// <summary>The log-probability of each target, in nats: [rows, target length], 0 where there is none.</summary>
    public static Tensor LogProbabilities(nn.Module model, TokenBatch rows)
    {
        (TargetStates states, TargetPlaces places) = Of(model, rows);
        return places.PutBack(VocabularyLoss.LogProbabilities(states), rows);
    }

    /// <summary>The same by a reference: what the batch has of it, or else what the model says, without a gradient.</summary>
    /// <param name="reference">The reference; null: the batch has what it says.</param>
    /// <param name="model">The model that is trained; it must be another one.</param>
    /// <param name="rows">The batch.</param>
    /// <param name="like">A tensor of the wanted type and device.</param>
    public static Tensor ReferenceLogProbabilities(nn.Module? reference, nn.Module model, TokenBatch rows, Tensor like)
    {
        if (rows.ReferenceLogProbabilities is { } given) return tensor(given, [rows.Rows, rows.TargetLength], device: like.device).masked_fill(Kept(rows, like.device).logical_not(), 0);
        if (reference is null)
            throw new ArgumentException("Training against a reference needs a reference model, or rows with its log-probabilities (ReferenceLogProbabilities.AddTo computes them once); received neither.", nameof(rows));
        Require.Argument(!ReferenceEquals(reference, model), "The reference must be another model than the one that is trained; received one twice.", nameof(reference));
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return LogProbabilities(reference, rows).to(like.dtype).to(like.device).MoveToOuterDisposeScope();
    }

    /// <summary>[rows, target length] bool: where there is a target.</summary>
    public static Tensor Kept(TokenBatch rows, Device device) => tensor(rows.Targets, [rows.Rows, rows.TargetLength], device: device).ne(TokenBatch.Ignored);

    /// <summary>Demands units of two rows, each with a target at least: a completion.</summary>
    public static void CheckPairs(TokenBatch rows, string objective)
    {
        Require.NotNull(rows);
        Require.Argument(rows.RowsPerUnit == 2, $"{objective} needs two rows a unit, side by side; received {rows.RowsPerUnit}.", nameof(rows));
        for (int row = 0; row < rows.Rows; row++)
        {
            ReadOnlySpan<long> targets = rows.Targets.AsSpan(row * rows.TargetLength, rows.TargetLength);
            Require.Argument(targets.ContainsAnyExcept(TokenBatch.Ignored), $"Every completion needs at least one token that is a target; row {row} of the batch has none.", nameof(rows));
        }
    }

    /// <summary>How many tokens the first rows of the units have as targets on average: over all batches of a step, or of a data set.</summary>
    public static double MeanFirstLength(IEnumerable<TokenBatch> batches)
    {
        long count = 0, units = 0;
        foreach (TokenBatch batch in batches)
        {
            units += batch.Units;
            for (int unit = 0; unit < batch.Units; unit++)
            {
                ReadOnlySpan<long> targets = batch.Targets.AsSpan(unit * batch.RowsPerUnit * batch.TargetLength, batch.TargetLength);
                count += targets.Length - targets.Count(TokenBatch.Ignored);
            }
        }
        return (double)count / units;
    }

    /// <summary>The first and the second rows of units: [units, ..] each.</summary>
    public static (Tensor First, Tensor Second) Halves(Tensor rows)
    {
        Tensor pairs = rows.view([rows.size(0) / 2, 2, .. rows.shape[1..]]);
        return (pairs.select(1, 0), pairs.select(1, 1));
    }
}
