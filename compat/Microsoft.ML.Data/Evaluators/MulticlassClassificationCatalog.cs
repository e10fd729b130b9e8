using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class MulticlassClassificationCatalog
{
    /// <summary>The prediction is the largest score; the predicted label's column only has to be there.</summary>
    public MulticlassClassificationMetrics Evaluate(
        IDataView data,
        string labelColumnName = DefaultColumnNames.Label,
        string scoreColumnName = DefaultColumnNames.Score,
        string predictedLabelColumnName = DefaultColumnNames.PredictedLabel,
        int topKPredictionCount = 0)
    {
        Environment.CheckValue(data, nameof(data));
        Environment.CheckNonEmpty(labelColumnName, nameof(labelColumnName));
        Environment.CheckNonEmpty(scoreColumnName, nameof(scoreColumnName));
        Environment.CheckNonEmpty(predictedLabelColumnName, nameof(predictedLabelColumnName));
        Environment.CheckUserArg(topKPredictionCount >= 0, nameof(topKPredictionCount), "Must be non-negative");

        var label = ScoredColumns.Find(data, "Label", labelColumnName);
        var score = ScoredColumns.Find(data, "Score", scoreColumnName);
        ScoredColumns.Find(data, "PredictedLabel", predictedLabelColumnName);
        ScoredColumns.CheckType(Environment, score, "score", score.Type.GetVectorSize() >= 2 && score.Type.GetItemType() == NumberDataViewType.Single, "vector of two or more items of type Single");
        ScoredColumns.CheckType(Environment, label, "label", label.Type == NumberDataViewType.Single || label.Type is KeyDataViewType, "Single or Key");

        EvaluatorTrace.Write(Environment.Register("MultiClassClassifierEvaluator"));
        int classes = score.Type.GetVectorSize();
        var tally = new MulticlassTally(classes, topKPredictionCount);
        using (var cursor = ScoredColumns.Walk(data, label, score))
        {
            var getLabel = ScoredColumns.LabelGetter(cursor, label);
            var getScores = cursor.GetGetter<VBuffer<float>>(score);
            float truth = 0;
            var scores = default(VBuffer<float>);
            var dense = new float[classes];
            while (cursor.MoveNext())
            {
                getLabel(ref truth);
                getScores(ref scores);
                Environment.Check(scores.Length == classes);
                scores.CopyTo(dense);
                tally.Add(truth, dense);
            }
        }
        return new MulticlassClassificationMetrics(tally, ClassNames(score, classes));
    }

    public IReadOnlyList<CrossValidationResult<MulticlassClassificationMetrics>> CrossValidate(
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

    private static string[] ClassNames(DataViewSchema.Column score, int classes)
    {
        if (!score.HasSlotNames())
            return Enumerable.Range(0, classes).Select(i => i.ToString()).ToArray();
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        score.GetSlotNames(ref names);
        return names.DenseValues().Select(name => name.ToString()).ToArray();
    }
}
