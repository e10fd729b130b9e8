using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of a classifier with any number of labels a text: the binary cross-entropy of each label, averaged over labels and rows. The rows' values are 1 for labels that they have, else 0. Knows <see cref="SequenceClassifier"/>s.</summary>
public sealed class MultiLabelObjective : IObjective
{
    /// <summary>The metric of labels that are judged rightly, those that a text has not among them: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    private readonly float[]? _positiveWeights;

    /// <summary>Creates the objective.</summary>
    /// <param name="positiveWeights">Factors on the loss of labels that texts have, greater than 0, as many as there are labels: above 1 for rare ones; null: 1.</param>
    public MultiLabelObjective(IReadOnlyList<float>? positiveWeights = null)
    {
        foreach (float weight in positiveWeights ?? []) Require.Positive(weight, nameof(positiveWeights));
        _positiveWeights = positiveWeights?.ToArray();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <summary>The number of rows.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Rows;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is not a classifier, a token is out of range, or there is not one value or weight a label.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        SequenceClassifier classifier = ModelInput.Expect<SequenceClassifier>(model, nameof(MultiLabelObjective));
        int labels = classifier.Labels.Count;
        Require.Argument(_positiveWeights is null || _positiveWeights.Length == labels, $"Positive weights must be one for each of {labels} labels; received {_positiveWeights?.Length}.");
        Tensor targets = ModelInput.Values(rows, labels, classifier.Backbone.Device);                                     // [rows, labels]
        Tensor logits = ModelScores.OfTexts(classifier, rows);                                                            // [rows, labels]
        metrics?.Add(Accuracy, logits.gt(0).eq(targets.gt(0.5)).sum().item<long>(), targets.numel());
        Tensor? weights = _positiveWeights is null ? null : tensor(_positiveWeights, device: logits.device);
        return BinaryCrossEntropy.Each(logits, targets, weights).mean([1]).sum();
    }
}
