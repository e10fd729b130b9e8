using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>Texts to class probabilities.</summary>
internal sealed class ClassScorer(SequenceClassifier classifier, TextFrame frame, IReadOnlyList<OutputColumn<float[]>> columns) : IBatchScorer<float[]>
{
    public IReadOnlyList<OutputColumn<float[]>> Columns => columns;

    public int LookAhead => 512;

    public float[][] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active)
    {
        var tokens = frame.Encode(texts);
        var probabilities = new float[texts.Count][];
        ScoringBatches.Run([.. tokens.Select(text => text.Length)], classifier.Backbone.Config.Width * 4, classifier.Backbone.Device, rows =>
        {
            var batch = PaddedRows.Of(Array.ConvertAll(rows, row => tokens[row]), null, frame.Padding);
            Tensor logits = classifier.Forward(ModelInput.Tokens(batch, classifier.Backbone), ModelInput.Mask(batch, classifier.Backbone));  // [rows, classes]
            float[] all = logits.to_type(ScalarType.Float32).softmax(1).cpu().data<float>().ToArray();
            for (int i = 0; i < rows.Length; i++)
                probabilities[rows[i]] = all[(i * classifier.Labels.Count)..((i + 1) * classifier.Labels.Count)];
        });
        return probabilities;
    }

    /// <summary>The predicted label, a key with the label's values, and the probabilities, with the names of the classes.</summary>
    internal static IReadOnlyList<OutputColumn<float[]>> MakeColumns(string predictedLabel, string score, LabelKeys labels) =>
        MakeColumns(predictedLabel, score, labels.Names, labels.Annotations);

    /// <inheritdoc cref="MakeColumns(string, string, LabelKeys)"/>
    internal static IReadOnlyList<OutputColumn<float[]>> MakeColumns(string predictedLabel, string score, IReadOnlyList<string> names, DataViewSchema.Annotations? keyValues) =>
    [
        new OutputColumn<float[], uint>(predictedLabel, new KeyDataViewType(typeof(uint), names.Count),
            (float[] probabilities, ref uint value) => value = (uint)Array.IndexOf(probabilities, probabilities.Max()) + 1, keyValues),
        new OutputColumn<float[], VBuffer<float>>(score, new VectorDataViewType(NumberDataViewType.Single, names.Count),
            (float[] probabilities, ref VBuffer<float> value) =>
            {
                var editor = VBufferEditor.Create(ref value, probabilities.Length);
                probabilities.CopyTo(editor.Values);
                value = editor.Commit();
            },
            SlotNames(names)),
    ];

    private static DataViewSchema.Annotations SlotNames(IReadOnlyList<string> names)
    {
        var texts = names.Select(name => name.AsMemory()).ToArray();
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add(AnnotationNames.SlotNames, new VectorDataViewType(TextDataViewType.Instance, texts.Length),
            (ref VBuffer<ReadOnlyMemory<char>> value) => new VBuffer<ReadOnlyMemory<char>>(texts.Length, texts).CopyTo(ref value));
        return builder.ToAnnotations();
    }
}
