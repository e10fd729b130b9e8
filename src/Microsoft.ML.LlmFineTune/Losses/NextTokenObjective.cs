using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a language model: the negative log-likelihood of each next token, in nats. Knows <see cref="DecoderModel"/>s.</summary>
public sealed class NextTokenObjective : IObjective
{
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
        Tensor logits = decoder.Logits(decoder.Forward(tokens)).view(tokens.numel(), -1);                           // [rows * length, vocabulary]
        if (metrics is not null) metrics.Add(Accuracy, logits.argmax(1).eq(targets).sum().item<long>(), rows.TargetCount);
        return SoftmaxCrossEntropy.Sum(logits, targets, TokenBatch.Ignored);
    }
}
