using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>How texts are continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens that are added to a prompt; default 64; at least 1.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>Tokens that are added before an end token may follow; default 0; from 0 to <see cref="MaxNewTokens"/>.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>
    /// What scores are divided by before the draw; default 1; at least 0. At 0 there is no draw: the best token is taken (greedy), so the cuts have nothing to cut.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>How many best tokens the draw is made from; default 0: all; at least 0.</summary>
    public int TopK { get; init; }

    /// <summary>The draw is made from the smallest set of best tokens whose probabilities reach this; default 1: all; from 0 to 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>
    /// Above 1, tokens that the text already has become less likely (positive scores are divided by it, negative ones multiplied); default 1: no change; greater than 0.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>No sequence of this many tokens appears twice, prompt included; default 0: no such rule; at least 0.</summary>
    public int NoRepeatNGramSize { get; init; }

    /// <summary>Seed of the draws; default 0. The same seed and prompt give the same text, whatever prompts stand beside it: for several texts of one prompt take several seeds.</summary>
    public long Seed { get; init; }

    /// <summary>Texts that end the generated one when they appear in it; they are cut off. Default: none.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Ids of the tokens that end a text; default null: those of the model's configuration.</summary>
    public IReadOnlyList<int>? EndTokens { get; init; }

    /// <summary>Demands that every option is in its range.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public void Validate()
    {
        Require.AtLeast(MaxNewTokens, 1);
        Require.Within(MinNewTokens, 0, MaxNewTokens);
        Require.NotNegative(Temperature);
        Require.AtLeast(TopK, 0);
        Require.Within(TopP, 0.0, 1.0);
        Require.Positive(RepetitionPenalty);
        Require.AtLeast(NoRepeatNGramSize, 0);
        Require.NotNull(StopStrings);
        Require.Argument(StopStrings.All(text => !string.IsNullOrEmpty(text)), "StopStrings must not hold an empty text: it would stop every text before it begins.", nameof(StopStrings));
    }
}
