using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of labels of tokens (entities, parts of speech): the negative log-likelihood of each token's label, in nats. Knows <see cref="TokenClassifier"/>s.</summary>
public sealed class TokenLabelObjective : IObjective
{
    /// <summary>The metric of labelled tokens whose best-scored label is the right one: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    private readonly ClassJudge _judge;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">How labels are judged; null: plain cross-entropy.</param>
    public TokenLabelObjective(ClassificationOptions? options = null) => _judge = new ClassJudge(options ?? new());

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <summary>The number of labelled tokens, or the sum of the weights of their labels.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => _judge.Weight(rows);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token or target is out of range, or there is not one target a token.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        TokenClassifier classifier = ModelInput.Expect<TokenClassifier>(model, nameof(TokenLabelObjective));
        TargetPlaces places = TargetPlaces.Of(rows, rows.Tokens.Length, classifier.Labels.Count, classifier.Backbone.Device);
        Tensor logits = places.Select(ModelScores.OfTokens(classifier, rows));                                            // [labelled tokens, labels]
        metrics?.Add(Accuracy, logits.argmax(1).eq(places.Targets).sum().item<long>(), rows.TargetCount);
        return _judge.Sum(logits, places.Targets);
    }
}
