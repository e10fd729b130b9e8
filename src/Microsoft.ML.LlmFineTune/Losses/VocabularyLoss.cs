using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The one place where hidden states become scores of a vocabulary, and these a loss or log-probabilities.</summary>
internal static class VocabularyLoss
{
    /// <summary>The metric of right first guesses.</summary>
    public const string Accuracy = "accuracy";

    /// <summary>The negative log-likelihood of the targets, summed. The scores of all places are never there at once where they are many.</summary>
    /// <param name="hidden">[.., width], all places in order.</param>
    /// <param name="places">Which of them have a target.</param>
    /// <param name="vocabulary">Scores a place.</param>
    /// <param name="logits">The model's scores: [kept, width] to [kept, vocabulary].</param>
    /// <param name="model">The module whose parameters score.</param>
    /// <param name="options">What is added in training, and how much is scored at once.</param>
    /// <param name="metrics">Where right guesses are counted; null: nowhere.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Sum(Tensor hidden, TargetPlaces places, int vocabulary, Func<Tensor, Tensor> logits, nn.Module model, TokenLossOptions options, MetricSums? metrics)
    {
        (double smoothing, double penalty) = model.training ? (options.LabelSmoothing, options.NormalizerPenalty) : (0, 0);
        return ChunkedCrossEntropy.Sum(places.Select(hidden), places.Targets, vocabulary, logits, model, (scores, targets) => CrossEntropy.Sum(scores, targets, smoothing, normalizerPenalty: penalty), options.ScoreBudget, metrics is null ? null : Count);

        void Count(Tensor scores, Tensor targets) => metrics.Add(Accuracy, scores.argmax(1).eq(targets).sum().item<long>(), targets.numel());
    }

    /// <summary>The log-probability of each target, in nats.</summary>
    /// <param name="states">What is scored.</param>
    /// <returns>[kept].</returns>
    public static Tensor LogProbabilities(TargetStates states)
    {
        Tensor[] chunks = InChunks(states, [], (scores, targets, _) => TokenLogProbabilities.Of(scores, targets));
        return chunks is [Tensor all] ? all : cat(chunks);
    }

    /// <summary>
    /// What is made of scores, a chunk of rows after the other, so that those of all are never there at once: backward scores a chunk again. Unlike <see cref="Sum"/>, where a chunk's gradients are made on the way, it
    /// does not need to know what backward multiplies each row by.
    /// </summary>
    /// <param name="states">What is scored.</param>
    /// <param name="others">[kept, ..] each: what is looked at besides, row by row.</param>
    /// <param name="make">Makes something of a chunk's scores [rows, classes], its targets [rows] and the others' rows; without random numbers.</param>
    /// <param name="budget">Bytes that the scores of a chunk may take; what fits is scored at once.</param>
    /// <returns>What was made of each chunk, in order.</returns>
    public static Tensor[] InChunks(TargetStates states, Tensor[] others, Func<Tensor, Tensor, Tensor[], Tensor> make, long budget = ChunkedCrossEntropy.DefaultBudget)
    {
        long rows = states.Hidden.size(0), atOnce = ChunkedCrossEntropy.RowsAtOnce(states.Classes, states.Hidden.ElementSize, budget);
        if (rows <= atOnce) return [make(states.Scores(states.Hidden), states.Targets, others)];
        return [.. ChunkedCrossEntropy.Chunks(rows, atOnce).Select(chunk =>
        {
            Tensor Part(Tensor all) => all.narrow(0, chunk.First, chunk.Count);
            // Backward comes when all else is gone: what is looked at is given.
            return states.Backbone.Checkpoints.Recomputed(states.Model, Part(states.Hidden), [Part(states.Targets), .. others.Select(Part)], Made);
        })];

        Tensor Made(Tensor hidden, Tensor?[] with)
        {
            using DisposeScope scope = NewDisposeScope();
            return make(states.Scores(hidden), with[0]!, with[1..]!).MoveToOuterDisposeScope();
        }
    }
}
