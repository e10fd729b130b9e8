using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a text classifier: the negative log-likelihood of each row's class, in nats. Knows <see cref="SequenceClassifier"/>s.</summary>
public sealed class ClassificationObjective : IObjective
{
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
        return SoftmaxCrossEntropy.Sum(logits, targets, TokenBatch.Ignored);
    }
}
