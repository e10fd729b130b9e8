using Microsoft.ML.LlmFineTune.Losses.Functions;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The one place where hidden states become scores of a vocabulary, and these a loss or log-probabilities.</summary>
internal static class VocabularyLoss
{
    /// <summary>The metric of right first guesses.</summary>
    public const string Accuracy = "accuracy";

    /// <summary>The negative log-likelihood of the targets, summed.</summary>
    /// <param name="hidden">[.., width], all places in order.</param>
    /// <param name="places">Which of them have a target.</param>
    /// <param name="logits">The model's scores: [kept, width] to [kept, vocabulary].</param>
    /// <param name="options">What is added; null: nothing.</param>
    /// <param name="metrics">Where right guesses are counted; null: nowhere.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Sum(Tensor hidden, TargetPlaces places, Func<Tensor, Tensor> logits, TokenLossOptions? options, MetricSums? metrics)
    {
        Tensor scores = logits(places.Select(hidden));                                              // [kept, vocabulary]
        metrics?.Add(Accuracy, scores.argmax(1).eq(places.Targets).sum().item<long>(), places.Targets.numel());
        return CrossEntropy.Sum(scores, places.Targets, options?.LabelSmoothing ?? 0, normalizerPenalty: options?.NormalizerPenalty ?? 0);
    }

    /// <summary>The log-probability of each target, in nats.</summary>
    /// <param name="hidden">[.., width], all places in order.</param>
    /// <param name="places">Which of them have a target.</param>
    /// <param name="logits">The model's scores: [kept, width] to [kept, vocabulary].</param>
    /// <returns>[kept].</returns>
    public static Tensor LogProbabilities(Tensor hidden, TargetPlaces places, Func<Tensor, Tensor> logits) => TokenLogProbabilities.Of(logits(places.Select(hidden)), places.Targets);
}
