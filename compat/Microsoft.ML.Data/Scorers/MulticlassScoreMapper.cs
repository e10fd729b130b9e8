using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Adds PredictedLabel, the key of the largest score, and Score; both know the values of the label that was trained on.</summary>
internal sealed class MulticlassScoreMapper(IHost host, IMulticlassModel model, DataViewSchema inputSchema, DataViewSchema.Column features, DataViewSchema.Column? trainLabel) : IRowMapper
{
    public DataViewSchema.DetachedColumn[] GetOutputColumns()
    {
        int classes = model.ClassCount;
        var annotations = new ScoreAnnotations(inputSchema, AnnotationUtils.Const.ScoreColumnKind.MulticlassClassification);
        var score = annotations.OfScore();
        Action<DataViewSchema.Annotations.Builder> addKeyValues = null;
        if (trainLabel?.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues) is { Type: VectorDataViewType values } keyValues && values.Size == classes)
        {
            AddLabelValues(score, AnnotationUtils.Kinds.TrainingLabelValues, keyValues);
            if (values.ItemType is TextDataViewType)
                AddLabelValues(score, AnnotationUtils.Kinds.SlotNames, keyValues);
            addKeyValues = builder => AddLabelValues(builder, AnnotationUtils.Kinds.KeyValues, keyValues);
        }
        return
        [
            new(DefaultColumnNames.PredictedLabel, new KeyDataViewType(typeof(uint), classes), annotations.OfPredictedLabel(addKeyValues)),
            new(DefaultColumnNames.Score, new VectorDataViewType(NumberDataViewType.Single, classes), score.ToAnnotations()),
        ];
    }

    public Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
    {
        bool active = activeOutput(0) || activeOutput(1);
        return column => active && column == features.Index;
    }

    public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
    {
        disposer = null;
        var getters = new Delegate[2];
        if (!activeOutput(0) && !activeOutput(1))
            return getters;

        var getter = input.GetGetter<VBuffer<float>>(input.Schema[features.Index]);
        var row = default(VBuffer<float>);
        var scores = new float[model.ClassCount];
        long position = -1;
        // Both columns are made of one computation a row.
        float[] Scores()
        {
            if (position != input.Position)
            {
                getter(ref row);
                host.Check(row.Length == model.FeatureCount);
                model.Score(in row, scores);
                position = input.Position;
            }
            return scores;
        }

        if (activeOutput(0))
            getters[0] = (ValueGetter<uint>)((ref uint value) => value = Largest(Scores()));
        if (activeOutput(1))
            getters[1] = (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) => VBuffer<float>.Copy(Scores(), 0, ref value, scores.Length));
        return getters;
    }

    /// <summary>The key of the first largest score; missing where no score is a number.</summary>
    private static uint Largest(ReadOnlySpan<float> scores)
    {
        int largest = -1;
        for (int i = 0; i < scores.Length; i++)
        {
            if (!float.IsNaN(scores[i]) && (largest < 0 || scores[i] > scores[largest]))
                largest = i;
        }
        return (uint)(largest + 1);
    }

    private void AddLabelValues(DataViewSchema.Annotations.Builder builder, string name, DataViewSchema.Column keyValues)
        => Utils.MarshalInvoke(AddLabelValues<int>, keyValues.Type.GetItemType().RawType, builder, name, keyValues);

    private object AddLabelValues<T>(DataViewSchema.Annotations.Builder builder, string name, DataViewSchema.Column keyValues)
    {
        builder.Add(name, keyValues.Type, trainLabel.Value.Annotations.GetGetter<VBuffer<T>>(keyValues));
        return null;
    }
}
