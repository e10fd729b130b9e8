using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a text classifier: the negative log-likelihood of each text's class, in nats. Knows <see cref="SequenceClassifier"/>s.</summary>
public sealed class ClassificationObjective : IObjective
{
    /// <summary>The metric of rows whose best-scored class is the right one: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    private readonly ClassJudge _judge;

    /// <summary>Creates the objective.</summary>
    /// <param name="labelSmoothing">The part of a label that all classes share in equal parts, from 0 to less than 1; default 0.</param>
    public ClassificationObjective(double labelSmoothing = 0) : this(new ClassificationOptions { LabelSmoothing = labelSmoothing })
    {
    }

    /// <summary>Creates the objective.</summary>
    /// <param name="options">How classes are judged.</param>
    public ClassificationObjective(ClassificationOptions options) => _judge = new ClassJudge(options);

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <summary>The number of rows with a class, or the sum of the weights of their classes.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => _judge.Weight(rows);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is not a classifier, a token or target is out of range, or there is not one target a row.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        SequenceClassifier classifier = ModelInput.Expect<SequenceClassifier>(model, nameof(ClassificationObjective));
        Tensor targets = ModelInput.Targets(rows, rows.Rows, classifier.Labels.Count, classifier.Backbone.Device);        // [rows]
        Tensor logits = ModelScores.OfTexts(classifier, rows);                                                            // [rows, labels]
        metrics?.Add(Accuracy, logits.argmax(1).eq(targets).sum().item<long>(), rows.TargetCount);
        return _judge.Sum(logits, targets);
    }
}
