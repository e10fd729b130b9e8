using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How a tokenizer is trained on a text column.</summary>
public sealed record TokenizerTrainingOptions
{
    /// <summary>The text column. Default "Text".</summary>
    public string TextColumnName { get; init; } = "Text";

    /// <summary>The column of token ids that the fitted transformer adds, a vector of Int32 as long as the text has tokens, without special tokens around it. Default "Tokens".</summary>
    public string TokensColumnName { get; init; } = "Tokens";

    /// <summary>What is trained: <see cref="TokenizerRecipe.BertUncased"/> and its kin, or <see cref="TokenizerRecipe.Of(TokenizerTrainerOptions, TokenizerTrainingPipeline?, TokenizerConfig?)"/>. Default <see cref="TokenizerRecipe.Gpt2"/> of 4,096 entries.</summary>
    public TokenizerRecipe Recipe { get; init; } = TokenizerRecipe.Gpt2(4096);

    /// <summary>Hears how far training has come, on the thread that trains; <c>MLContext.Log</c> hears of it in any case. Default: nobody.</summary>
    public IProgress<TokenizerTrainingProgress>? Progress { get; init; }

    /// <summary>Stops training; <c>Fit</c> then throws <see cref="OperationCanceledException"/>. Default: never.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is missing or empty. Recipes are checked when they are made.</exception>
    public void Validate()
    {
        Require.Text(TextColumnName);
        Require.Text(TokensColumnName);
        Require.NotNull(Recipe);
    }
}
