using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextClassification;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Fine-tunes a decoder or an encoder into a text classifier: all weights and the family's head, or one on the last, the first or the mean of all tokens (<see cref="TextClassificationOptions.Pooling"/>). An untrained model makes it training from scratch.</summary>
public sealed class TextClassificationEstimator : IEstimator<TextClassificationTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly TextModel _model;
    private readonly TextClassificationOptions _options;
    private readonly int _positions;

    internal TextClassificationEstimator(IHostEnvironment environment, TextModel model, TextClassificationOptions options)
    {
        (_environment, _model, _options) = (Require.NotNull(environment), Require.NotNull(model), Require.NotNull(options));
        options.Validate();
        KeptAdapter.RequireNone(model.Backbone, "A classifier");
        _positions = options.TextPositions(model);
        Require.Argument(options.MaximumTokens is not int tokens || tokens <= _positions,
            $"MaximumTokens must be at most the {_positions} positions that the model has for a text; received {options.MaximumTokens}.", nameof(options));
    }

    /// <summary>The columns that the transformer will add; the text and the label column are checked.</summary>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Require.NotNull(inputSchema);
        SchemaChecks.RequireText(inputSchema, _options.TextColumnName);
        var label = SchemaChecks.RequireKey(inputSchema, _options.LabelColumnName);
        // How many classes there are is known after fitting only; a shape doesn't say.
        return SchemaShapes.Extend(inputSchema, ClassScorer.MakeColumns(_options.PredictedLabelColumnName, _options.ScoreColumnName, ["", ""], LabelKeys.AnnotationsOf(label)));
    }

    /// <summary>Trains. All checks of columns and data come first.</summary>
    /// <returns>The classifier with the weights of the best validation where there is validation data, the last ones otherwise; also when training was cancelled.</returns>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type; there are no rows, no text, or fewer than two classes.</exception>
    /// <exception cref="TrainingFailedException">The loss was no longer finite; the exception has the last good transformer.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before training started.</exception>
    public TextClassificationTransformer Fit(IDataView input)
    {
        var columns = Columns(input);
        var validationText = _options.ValidationData is { } data ? SchemaChecks.RequireText(data.Schema, _options.TextColumnName, "validation data") : default;
        var validationLabel = _options.ValidationData is null ? default : ValidationLabel(_options.ValidationData.Schema);

        using var task = new TrainingTask(_environment, nameof(TextClassificationEstimator), _model, _options);
        var (labels, training) = Read(input, columns, task);
        var validation = _options.ValidationData is null ? null : LabeledTexts.Read(_options.ValidationData, validationText, validationLabel, labels, _options.Cancellation);
        if (validation is not null) Check(validation, training, task);

        var frame = Frame();
        var source = Batches(training, frame, task.Random, "Training data", task);
        var judge = validation is null ? null : Batches(validation, frame, random: null, "Validation data", task);

        var classifier = NewClassifier(labels, task);
        var result = task.Train(classifier, Objective(), source, judge, () => Made(null));
        return Made(result);

        TextClassificationTransformer Made(TrainingResult? outcome) => new(
            classifier, _model.Tokenizer, frame, labels, _options.TextColumnName, _options.PredictedLabelColumnName, _options.ScoreColumnName, outcome);
    }

    /// <summary>A range test on the classifier that would be trained.</summary>
    internal RateCurve FindLearningRate(IDataView input, RateRangeOptions? range)
    {
        var columns = Columns(input);
        using var task = new TrainingTask(_environment, nameof(FindLearningRate), _model, _options);
        var (labels, training) = Read(input, columns, task);
        var source = Batches(training, Frame(), task.Random, "Training data", task);
        using var classifier = NewClassifier(labels, task);
        return task.FindLearningRate(classifier, Objective(), source, range);
    }

    private (DataViewSchema.Column Text, DataViewSchema.Column Label) Columns(IDataView input) =>
        (SchemaChecks.RequireText(Require.NotNull(input).Schema, _options.TextColumnName), SchemaChecks.RequireKey(input.Schema, _options.LabelColumnName));

    private (LabelKeys Labels, LabeledTexts Training) Read(IDataView input, (DataViewSchema.Column Text, DataViewSchema.Column Label) columns, TrainingTask task)
    {
        var labels = LabelKeys.Of(columns.Label);
        var training = LabeledTexts.Read(input, columns.Text, columns.Label, labels, _options.Cancellation);
        Check(training, labels);
        if (training.LeftOut > 0) task.Warn($"{training.LeftOut} rows have no label and are left out.");
        return (labels, training);
    }

    private TextFrame Frame() => TextFrame.Of(_model.Tokenizer, _model.Backbone, _options.MaximumTokens ?? _positions);

    private ClassificationBatches Batches(LabeledTexts texts, TextFrame frame, RandomStreams? random, string what, TrainingTask task)
    {
        var source = texts.Batches(frame, _options.BatchSize, random, out var cut);
        task.Report(cut, what);
        return source;
    }

    private SequenceClassifier NewClassifier(LabelKeys labels, TrainingTask task) => _model.CreateClassifier(labels.Names, _options.Pooling, task.Random.Initialization);

    private ClassificationObjective Objective() => new(_options.LabelSmoothing);

    private DataViewSchema.Column ValidationLabel(DataViewSchema schema)
    {
        string name = _options.ValidationLabelColumnName ?? _options.LabelColumnName;
        return schema.GetColumnOrNull(name)
            ?? throw new ArgumentException($"The validation data has no label column '{name}'; its columns are: {SchemaChecks.Names(schema)}. Name its column in {nameof(TextClassificationOptions.ValidationLabelColumnName)}.");
    }

    private void Check(LabeledTexts training, LabelKeys labels)
    {
        Require.Argument(training.Texts.Count > 0, $"Training needs labelled rows; received none ({training.LeftOut} rows without a label in '{_options.LabelColumnName}').", "input");
        Require.Argument(training.Texts.Any(text => !string.IsNullOrWhiteSpace(text)), $"Training needs text; all {training.Texts.Count} rows of '{_options.TextColumnName}' are empty.", "input");
        var classes = training.Classes.Distinct().Take(2).ToList();
        Require.Argument(classes.Count == 2, $"A classifier needs at least two classes; all {training.Texts.Count} rows of '{_options.LabelColumnName}' are '{labels.Names[classes[0]]}'.", "input");
    }

    private void Check(LabeledTexts validation, LabeledTexts training, TrainingTask task)
    {
        Require.Argument(validation.Texts.Count > 0,
            $"Validation needs rows whose label the training data has; received none ({validation.LeftOut} rows with other labels, or none, in '{_options.ValidationLabelColumnName ?? _options.LabelColumnName}').", nameof(_options.ValidationData));
        if (validation.LeftOut > 0) task.Warn($"{validation.LeftOut} validation rows have no label, or one that is no value of the training data's key; they are left out.");
        var known = training.Classes.ToHashSet();
        int unseen = validation.Classes.Count(number => !known.Contains(number));
        if (unseen > 0) task.Warn($"{unseen} validation rows have a label that no training row has: they will be counted as errors.");
    }
}
