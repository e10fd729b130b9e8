using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextClassification;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A fitted text classifier: adds the predicted label (a key with the label's values) and the probabilities of all classes (with their names).</summary>
public sealed class TextClassificationTransformer : TextTransformer
{
    internal const string TaskName = "text-classification";
    private const string PredictedLabelKey = "predictedLabelColumn";
    private const string ScoreKey = "scoreColumn";
    private const string TextKey = "textColumn";
    private const string MaximumTokensKey = "maximumTokens";
    private const string LabelsKey = "labels";
    private readonly LabelKeys _labels;
    private readonly TextFrame _frame;
    private readonly TokenizerAdapter _tokenizer;

    internal TextClassificationTransformer(
        SequenceClassifier classifier, TokenizerAdapter tokenizer, TextFrame frame, LabelKeys labels,
        string textColumnName, string predictedLabelColumnName, string scoreColumnName, TrainingResult? training)
        : base(textColumnName)
    {
        (Classifier, _tokenizer, _frame, _labels, Training) = (classifier, tokenizer, frame, labels, training);
        (PredictedLabelColumnName, ScoreColumnName) = (predictedLabelColumnName, scoreColumnName);
        classifier.eval();
        Mapping = new TextMapping<float[]>(textColumnName, new ClassScorer(classifier, frame, ClassScorer.MakeColumns(predictedLabelColumnName, scoreColumnName, labels)));
    }

    /// <summary>The column of the predicted class.</summary>
    public string PredictedLabelColumnName { get; }

    /// <summary>The column of the probabilities.</summary>
    public string ScoreColumnName { get; }

    /// <summary>Names of the classes, in the order of the probabilities.</summary>
    public IReadOnlyList<string> Labels => _labels.Names;

    /// <summary>The model, in evaluation mode.</summary>
    public SequenceClassifier Classifier { get; }

    /// <summary>What training did; null for a loaded transformer.</summary>
    public TrainingResult? Training { get; }

    internal override string Task => TaskName;

    private protected override ITextMapping Mapping { get; }

    internal static TextClassificationTransformer Load(string folder, JsonObject task, WeightLoading loading)
    {
        var (classifier, tokenizer) = ModelFolder.LoadClassifier(folder, loading);
        KeptAdapter.Load(classifier, folder, task);
        var labels = LabelKeys.FromJson(task[LabelsKey]!.AsObject());
        if (labels.Names.Count != classifier.Labels.Count)
            throw new InvalidDataException($"'{folder}' is corrupt: task.json has {labels.Names.Count} labels, config.json {classifier.Labels.Count}.");
        int maximumTokens = Require.Within(task[MaximumTokensKey]!.GetValue<int>(), 2, classifier.Backbone.Config.MaximumLength, MaximumTokensKey);
        return new TextClassificationTransformer(
            classifier, tokenizer, TextFrame.Of(tokenizer, classifier.Backbone, maximumTokens), labels,
            Name(TextKey), Name(PredictedLabelKey), Name(ScoreKey), training: null);

        string Name(string key) => Require.Text(task[key]!.GetValue<string>(), key);
    }

    internal override JsonObject Describe() => new()
    {
        [TextKey] = TextColumnName,
        [PredictedLabelKey] = PredictedLabelColumnName,
        [ScoreKey] = ScoreColumnName,
        [MaximumTokensKey] = _frame.MaximumTokens,
        [LabelsKey] = _labels.ToJson(),
    };

    internal override void SaveFiles(string folder, JsonObject task) => ModelFolder.Save(Classifier, _tokenizer, folder, task);
}
