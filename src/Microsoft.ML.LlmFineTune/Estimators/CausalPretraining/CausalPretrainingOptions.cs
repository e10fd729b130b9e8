using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How a language model learns to predict the next token of a text column: from scratch or continuing.</summary>
public sealed record CausalPretrainingOptions : TrainingTaskOptions
{
    /// <summary>Tokens a row of a step, at least 2 and at most the model's positions. Default null: all positions.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>
    /// Whether texts are joined, with an end-of-text token between them, and cut into rows of equal length. Otherwise each text is a row (longer ones go on in further rows),
    /// rows of like length make a step, and no text sees another. Default true.
    /// </summary>
    public bool PackTexts { get; init; } = true;

    /// <summary>The column that counts a row's predicted tokens (its own and the closing end-of-text). Default "TokenCount".</summary>
    public string TokenCountColumnName { get; init; } = "TokenCount";

    /// <summary>The column of a row's log probability, in nats: the sum over its predicted tokens. Default "LogProbability".</summary>
    public string LogProbabilityColumnName { get; init; } = "LogProbability";

    /// <summary>The column of a row's perplexity: exp(-log probability / tokens). Default "Perplexity".</summary>
    public string PerplexityColumnName { get; init; } = "Perplexity";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (SequenceLength is int length) Require.AtLeast(length, 2, nameof(SequenceLength));
        Require.Text(TokenCountColumnName);
        Require.Text(LogProbabilityColumnName);
        Require.Text(PerplexityColumnName);
        string[] names = [TokenCountColumnName, LogProbabilityColumnName, PerplexityColumnName];
        Require.Argument(names.Distinct().Count() == names.Length, $"The added columns must have different names; received {string.Join(", ", names)}.", nameof(PerplexityColumnName));
    }

    private protected override string WatchedMetric => EarlyStoppingOptions.Loss;
}
