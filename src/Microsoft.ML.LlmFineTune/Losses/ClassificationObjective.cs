using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a text classifier: the negative log-likelihood of each row's class, in nats. Knows <see cref="SequenceClassifier"/>s.</summary>
/// <param name="labelSmoothing">
/// The part of a row's target that is shared out to all classes alike, from 0 to less than 1; default 0
/// (Szegedy et al.: "Rethinking the Inception Architecture for Computer Vision", 2016). Validation losses are smoothed as well.
/// </param>
public sealed class ClassificationObjective(double labelSmoothing = 0) : IObjective
{
    private readonly double _labelSmoothing = Require.Below(labelSmoothing, 0.0, 1.0);

    /// <summary>The metric of rows whose best-scored class is the right one: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is not a classifier, a token or target is out of range, or there is not one target a row.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        if (model is not SequenceClassifier classifier) throw new ArgumentException($"{nameof(ClassificationObjective)} trains a {nameof(SequenceClassifier)}; received a {model?.GetType().Name ?? "null"}.", nameof(model));
        Tensor tokens = ModelInput.Tokens(rows, classifier.Backbone);                                                     // [rows, length]
        Tensor targets = ModelInput.Targets(rows, rows.Rows, classifier.Labels.Count, classifier.Backbone.Device);        // [rows]
        Tensor logits = classifier.Forward(tokens, ModelInput.Mask(rows, classifier.Backbone));                           // [rows, labels]
        if (metrics is not null) metrics.Add(Accuracy, logits.argmax(1).eq(targets).sum().item<long>(), rows.TargetCount);
        Tensor loss = SoftmaxCrossEntropy.Sum(logits, targets, TokenBatch.Ignored);
        return _labelSmoothing == 0 ? loss : loss + (_labelSmoothing * Margins(logits, targets));
    }

    /// <summary>
    /// How far the right class's logit stands above the mean of all, summed over the rows with a target: -log p of the right class is log-sum-exp less its logit,
    /// that of all classes on average the same less their mean logit.
    /// </summary>
    private static Tensor Margins(Tensor logits, Tensor targets)
    {
        Tensor right = logits.gather(1, targets.clamp_min(0).unsqueeze(1)).squeeze(1);                                    // [rows]
        return (right - logits.mean([1])).masked_fill(targets.eq(TokenBatch.Ignored), 0).sum();
    }
}
