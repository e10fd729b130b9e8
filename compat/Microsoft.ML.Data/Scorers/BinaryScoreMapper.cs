using Microsoft.ML.Calibrators;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Adds PredictedLabel, whether the score is above 0, Score and, for a calibrated model, Probability.</summary>
internal sealed class BinaryScoreMapper(IHost host, IBinaryModel model, DataViewSchema inputSchema, DataViewSchema.Column features) : IRowMapper
{
    private readonly ICalibrator _calibrator = (model as CalibratedModelParametersBase)?.Calibrator;

    public DataViewSchema.DetachedColumn[] GetOutputColumns()
    {
        var annotations = new ScoreAnnotations(inputSchema, AnnotationUtils.Const.ScoreColumnKind.BinaryClassification);
        var columns = new List<DataViewSchema.DetachedColumn>
        {
            new(DefaultColumnNames.PredictedLabel, BooleanDataViewType.Instance, annotations.OfPredictedLabel()),
            new(DefaultColumnNames.Score, NumberDataViewType.Single, annotations.OfScore().ToAnnotations()),
        };
        if (_calibrator != null)
            columns.Add(new(DefaultColumnNames.Probability, NumberDataViewType.Single, annotations.OfScore(normalized: true, AnnotationUtils.Const.ScoreValueKind.Probability).ToAnnotations()));
        return columns.ToArray();
    }

    public Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
    {
        bool active = activeOutput(0) || activeOutput(1) || (_calibrator != null && activeOutput(2));
        return column => active && column == features.Index;
    }

    public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
    {
        disposer = null;
        var getters = new Delegate[_calibrator == null ? 2 : 3];
        if (!Enumerable.Range(0, getters.Length).Any(activeOutput))
            return getters;

        var getter = input.GetGetter<VBuffer<float>>(input.Schema[features.Index]);
        var row = default(VBuffer<float>);
        float score = 0;
        long position = -1;
        float Score()
        {
            if (position != input.Position)
            {
                getter(ref row);
                host.Check(row.Length == model.FeatureCount);
                score = model.Score(in row);
                position = input.Position;
            }
            return score;
        }

        if (activeOutput(0))
            getters[0] = (ValueGetter<bool>)((ref bool value) => value = Score() > 0);
        if (activeOutput(1))
            getters[1] = (ValueGetter<float>)((ref float value) => value = Score());
        if (_calibrator != null && activeOutput(2))
            getters[2] = (ValueGetter<float>)((ref float value) => value = _calibrator.PredictProbability(Score()));
        return getters;
    }
}
