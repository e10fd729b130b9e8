using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses.Functions;
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
    /// <param name="hidden">[.., width], all places in order.</param>
    /// <param name="places">Which of them have a target.</param>
    /// <param name="logits">The model's scores: [kept, width] to [kept, vocabulary].</param>
    /// <returns>[kept].</returns>
    public static Tensor LogProbabilities(Tensor hidden, TargetPlaces places, Func<Tensor, Tensor> logits) => TokenLogProbabilities.Of(logits(places.Select(hidden)), places.Targets);
}
