using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators.CausalPretraining;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Trains a language model to predict the next token of a text column. An untrained model starts from scratch, a trained one goes on.</summary>
public sealed class CausalPretrainingEstimator : IEstimator<CausalPretrainingTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly LanguageModel _model;
    private readonly CausalPretrainingOptions _options;
    private readonly int _positions;
    private readonly int _length;

    internal CausalPretrainingEstimator(IHostEnvironment environment, LanguageModel model, CausalPretrainingOptions options)
    {
        (_environment, _model, _options) = (Require.NotNull(environment), Require.NotNull(model), Require.NotNull(options));
        options.Validate();
        _positions = options.TextPositions(model);
        _length = options.SequenceLength ?? _positions;
        Require.Argument(_length <= _positions, $"SequenceLength must be at most the {_positions} positions that the model has for a text; received {_length}.", nameof(options));
    }

    /// <summary>The columns that the transformer will add; the text column is checked.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        SchemaChecks.RequireText(Require.NotNull(inputSchema), _options.TextColumnName);
        return SchemaShapes.Extend(inputSchema, LikelihoodScorer.MakeColumns(_options));
    }

    /// <summary>Trains a copy of the model. All checks of columns and data come first.</summary>
    /// <returns>The model with the weights of the best validation where there is validation data, the last ones otherwise; also when training was cancelled.</returns>
    /// <exception cref="ArgumentException">The text column is missing or is no text, or no row has any text.</exception>
    /// <exception cref="TrainingFailedException">The loss was no longer finite; the exception has the last good transformer.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before training started.</exception>
    public CausalPretrainingTransformer Fit(IDataView input)
    {
        var text = SchemaChecks.RequireText(Require.NotNull(input).Schema, _options.TextColumnName);
        var validationText = _options.ValidationData is { } data ? SchemaChecks.RequireText(data.Schema, _options.TextColumnName, "validation data") : default;

        using var task = new TrainingTask(_environment, nameof(CausalPretrainingEstimator), _model, _options);
        var source = Batches(Documents(input, text, "Training data", task), task.Random);
        // Each text by itself, as the transformer scores it.
        var validation = _options.ValidationData is null ? null : new CausalDocumentBatches(
            Documents(_options.ValidationData, validationText, "Validation data", task), _model.EndOfText, _positions, BatchSize.OfTokens((int)Math.Min(int.MaxValue, (long)_options.BatchSize * _length)), random: null);

        var decoder = (DecoderModel)_model.CopyBackbone();
        var result = task.Train(decoder, new NextTokenObjective(), source, validation, () => Made(null));
        return Made(result);

        CausalPretrainingTransformer Made(TrainingResult? outcome) => new(new LanguageModel(_model.Tokenizer, decoder), _options, outcome);
    }

    /// <summary>A range test on a copy of the model.</summary>
    internal RateCurve FindLearningRate(IDataView input, RateRangeOptions? range)
    {
        var text = SchemaChecks.RequireText(Require.NotNull(input).Schema, _options.TextColumnName);
        using var task = new TrainingTask(_environment, nameof(FindLearningRate), _model, _options);
        var source = Batches(Documents(input, text, "Training data", task), task.Random);
        using var decoder = _model.CopyBackbone();
        return task.FindLearningRate(decoder, new NextTokenObjective(), source, range);
    }

    private IBatchSource Batches(List<int[]> documents, RandomStreams random) => _options.PackTexts
        ? new CausalPackedBatches(documents, _model.EndOfText, _length, _options.BatchSize, random)
        : new CausalDocumentBatches(documents, _model.EndOfText, _length, BatchSize.OfRows(_options.BatchSize), random);

    private List<int[]> Documents(IDataView view, DataViewSchema.Column text, string what, TrainingTask task)
    {
        var texts = ColumnReader.Texts(view, text, _options.Cancellation);
        Require.Argument(texts.Any(document => !string.IsNullOrWhiteSpace(document)),
            $"{what} needs text; {(texts.Count == 0 ? "there are no rows" : $"all {texts.Count} rows of '{_options.TextColumnName}' are empty")}.", "input");
        var documents = new int[texts.Count][];
        Parallel.For(0, texts.Count, row => documents[row] = _model.Tokenizer.Encode(texts[row]));
        var kept = documents.Where(document => document.Length > 0).ToList();
        task.Info($"{what}: {kept.Count} texts of {kept.Sum(document => (long)document.Length)} tokens{(kept.Count < texts.Count ? $", {texts.Count - kept.Count} empty rows left out" : "")}.");
        return kept;
    }
}
