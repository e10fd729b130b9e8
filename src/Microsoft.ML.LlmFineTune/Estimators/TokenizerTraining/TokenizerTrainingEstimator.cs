using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TokenizerTraining;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Trains a byte-level BPE tokenizer on a text column. The same texts, in any order, give the same tokenizer.</summary>
public sealed class TokenizerTrainingEstimator : IEstimator<TokenizerTrainingTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly TokenizerTrainingOptions _options;

    internal TokenizerTrainingEstimator(IHostEnvironment environment, TokenizerTrainingOptions options)
    {
        (_environment, _options) = (Require.NotNull(environment), Require.NotNull(options));
        options.Validate();
    }

    /// <summary>The column that the transformer will add; the text column is checked.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        SchemaChecks.RequireText(Require.NotNull(inputSchema), _options.TextColumnName);
        return SchemaShapes.Extend(inputSchema, TokenScorer.MakeColumns(_options.TokensColumnName));
    }

    /// <summary>Trains.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text, or no row has any text.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TokenizerTrainingTransformer Fit(IDataView input)
    {
        var text = SchemaChecks.RequireText(Require.NotNull(input).Schema, _options.TextColumnName);
        using var channel = _environment.Register(nameof(TokenizerTrainingEstimator)).Start("Training");
        var tokenizer = new ByteLevelBpeTrainer(_options.ForTrainer()).Train(ColumnReader.Texts(input, text, _options.Cancellation), _options.Cancellation);
        channel.Info(MessageSensitivity.None, "{0}", $"Trained a tokenizer of {tokenizer.VocabularySize} entries.");
        return new TokenizerTrainingTransformer(tokenizer, _options.TextColumnName, _options.TokensColumnName);
    }
}
