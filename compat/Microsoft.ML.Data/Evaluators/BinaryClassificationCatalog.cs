using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class BinaryClassificationCatalog
{
    /// <summary>The prediction is whether the score is above 0; probabilities enter the log loss only.</summary>
    public CalibratedBinaryClassificationMetrics Evaluate(
        IDataView data,
        string labelColumnName = DefaultColumnNames.Label,
        string scoreColumnName = DefaultColumnNames.Score,
        string probabilityColumnName = DefaultColumnNames.Probability,
        string predictedLabelColumnName = DefaultColumnNames.PredictedLabel)
    {
        Environment.CheckValue(data, nameof(data));
        Environment.CheckNonEmpty(labelColumnName, nameof(labelColumnName));
        Environment.CheckNonEmpty(scoreColumnName, nameof(scoreColumnName));
        Environment.CheckNonEmpty(probabilityColumnName, nameof(probabilityColumnName));
        Environment.CheckNonEmpty(predictedLabelColumnName, nameof(predictedLabelColumnName));
        var (tally, classNames) = Count(data, labelColumnName, scoreColumnName, probabilityColumnName, predictedLabelColumnName);
        return new CalibratedBinaryClassificationMetrics(tally, classNames);
    }

    public BinaryClassificationMetrics EvaluateNonCalibrated(
        IDataView data,
        string labelColumnName = DefaultColumnNames.Label,
        string scoreColumnName = DefaultColumnNames.Score,
        string predictedLabelColumnName = DefaultColumnNames.PredictedLabel)
    {
        Environment.CheckValue(data, nameof(data));
        Environment.CheckNonEmpty(labelColumnName, nameof(labelColumnName));
        Environment.CheckNonEmpty(predictedLabelColumnName, nameof(predictedLabelColumnName));
        Environment.CheckNonEmpty(scoreColumnName, "score");
        var (tally, classNames) = Count(data, labelColumnName, scoreColumnName, null, predictedLabelColumnName);
        return new BinaryClassificationMetrics(tally, classNames);
    }

    public IReadOnlyList<CrossValidationResult<CalibratedBinaryClassificationMetrics>> CrossValidate(
        IDataView data,
        IEstimator<ITransformer> estimator,
        int numberOfFolds = 5,
        string labelColumnName = DefaultColumnNames.Label,
        string samplingKeyColumnName = null,
        int? seed = null)
    {
        Environment.CheckNonEmpty(labelColumnName, nameof(labelColumnName));
        return CrossValidate(data, estimator, numberOfFolds, samplingKeyColumnName, seed, scored => Evaluate(scored, labelColumnName));
    }

    public IReadOnlyList<CrossValidationResult<BinaryClassificationMetrics>> CrossValidateNonCalibrated(
        IDataView data,
        IEstimator<ITransformer> estimator,
        int numberOfFolds = 5,
        string labelColumnName = DefaultColumnNames.Label,
        string samplingKeyColumnName = null,
        int? seed = null)
    {
        Environment.CheckNonEmpty(labelColumnName, nameof(labelColumnName));
        return CrossValidate(data, estimator, numberOfFolds, samplingKeyColumnName, seed, scored => EvaluateNonCalibrated(scored, labelColumnName));
    }

    private (BinaryTally, string[] ClassNames) Count(IDataView data, string labelColumnName, string scoreColumnName, string probabilityColumnName, string predictedLabelColumnName)
    {
        var label = ScoredColumns.Find(data, "Label", labelColumnName);
        var score = ScoredColumns.Find(data, "Score", scoreColumnName);
        DataViewSchema.Column? probability = probabilityColumnName == null ? null : ScoredColumns.Find(data, "Probability", probabilityColumnName);
        ScoredColumns.Find(data, "PredictedLabel", predictedLabelColumnName);
        ScoredColumns.CheckType(Environment, score, "score", score.Type == NumberDataViewType.Single, "Single");
        ScoredColumns.CheckType(Environment, label, "label", label.Type == NumberDataViewType.Single || label.Type == NumberDataViewType.Double || label.Type is BooleanDataViewType || label.Type.GetKeyCount() == 2,
            "Single, Double, Boolean, or a Key with cardinality 2");
        if (probability.HasValue)
            ScoredColumns.CheckType(Environment, probability.Value, "probability", probability.Value.Type == NumberDataViewType.Single, "Single");

        var tally = new BinaryTally(Environment.Register("BinaryClassifierEvaluator").Rand);
        using var cursor = ScoredColumns.Walk(data, label, score, probability ?? score);
        var getLabel = ScoredColumns.LabelGetter(cursor, label);
        var getScore = cursor.GetGetter<float>(score);
        ValueGetter<float> getProbability = probability.HasValue ? cursor.GetGetter<float>(probability.Value) : (ref float value) => value = float.NaN;
        float truth = 0, scored = 0, probable = 0;
        while (cursor.MoveNext())
        {
            getLabel(ref truth);
            getScore(ref scored);
            getProbability(ref probable);
            tally.Add(truth, scored, probable);
        }
        return (tally, ClassNames(label));
    }

    /// <summary>The text that the two keys stand for; the positive class is called first whatever the order of keys.</summary>
    private static string[] ClassNames(DataViewSchema.Column label)
    {
        if (!label.HasKeyValues(TextDataViewType.Instance))
            return ["positive", "negative"];
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        label.GetKeyValues(ref names);
        return names.DenseValues().Select(name => name.ToString()).ToArray();
    }
}
