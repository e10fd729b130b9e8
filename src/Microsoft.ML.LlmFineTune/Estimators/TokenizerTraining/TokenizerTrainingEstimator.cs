using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextTokenization;
using Microsoft.ML.LlmFineTune.Estimators.TokenizerTraining;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>
/// Trains a tokenizer on a text column: any that <see cref="TokenizerRecipe"/> describes. Texts are read once, one after the other; what is kept are distinct words and their counts (of SentencePiece's own trainer: the sentences).
/// The same texts give the same tokenizer.
/// </summary>
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
        return SchemaShapes.Extend(inputSchema, TokenColumns.MakeIds(_options.TokensColumnName));
    }

    /// <summary>Trains.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text, no row has any text, or the texts don't give what the recipe asks for.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TokenizerTrainingTransformer Fit(IDataView input)
    {
        var text = SchemaChecks.RequireText(Require.NotNull(input).Schema, _options.TextColumnName);
        using var channel = _environment.Register(nameof(TokenizerTrainingEstimator)).Start("Training");
        var log = new TokenizerTrainingLog(channel);
        var tokenizer = _options.Recipe.Train(
            ColumnReader.StreamTexts(input, text, _options.Cancellation), new TrainingListeners(log, _options.Progress), out long leftOut, _options.Cancellation);
        if (leftOut > 0)
            log.Warn($"{leftOut} lines were left out of training: they are longer than the trainer's options allow.");
        log.Info($"Trained a tokenizer of {tokenizer.VocabularySize} entries; {_options.Recipe.VocabularySize} were asked for.");
        return new TokenizerTrainingTransformer(_environment, tokenizer, _options.TextColumnName, _options.TokensColumnName);
    }

    private sealed class TrainingListeners(TokenizerTrainingLog log, IProgress<TokenizerTrainingProgress>? more) : IProgress<TokenizerTrainingProgress>
    {
        public void Report(TokenizerTrainingProgress value)
        {
            log.Report(value);
            more?.Report(value);
        }
    }
}
