using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a language model: the negative log-likelihood of each next token, in nats. Knows <see cref="DecoderModel"/>s.</summary>
/// <param name="scoreBudget">
/// Bytes that the scores of the vocabulary may take at once; greater than 0. A batch whose scores need more is scored a chunk at a time (<see cref="ChunkedCrossEntropy"/>), with the same loss. Default: 64 MiB.
/// </param>
public sealed class NextTokenObjective(long scoreBudget = ChunkedCrossEntropy.DefaultBudget) : IObjective
{
    private readonly long _scoreBudget = Require.AtLeast(scoreBudget, 1);

    /// <summary>The metric of right first guesses: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is not a decoder, a token or target is not in its vocabulary, or there is not one target a token.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        if (model is not DecoderModel decoder) throw new ArgumentException($"{nameof(NextTokenObjective)} trains a {nameof(DecoderModel)}; received a {model?.GetType().Name ?? "null"}.", nameof(model));
        // Padding stands on the right, where a causal model does not look: the mask is not needed, and without it attention is fused.
        Tensor tokens = ModelInput.Tokens(rows, decoder);                                                           // [rows, length]
        Tensor targets = ModelInput.Targets(rows, tokens.numel(), decoder.Config.VocabularySize, decoder.Device);   // [rows * length]
        Tensor hidden = decoder.Forward(tokens).flatten(0, 1);                                                      // [rows * length, width]
        long right = 0;
        Tensor loss = ChunkedCrossEntropy.Sum(hidden, targets, decoder.Config.VocabularySize, decoder.Logits, decoder, budget: _scoreBudget, observe: metrics is null ? null : Count);
        metrics?.Add(Accuracy, right, rows.TargetCount);
        return loss;

        void Count(Tensor logits, Tensor wanted) => right += logits.argmax(1).eq(wanted).sum().item<long>();
    }
}
