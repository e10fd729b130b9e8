using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class RegressionCatalog
{
    public RegressionMetrics Evaluate(IDataView data, string labelColumnName = DefaultColumnNames.Label, string scoreColumnName = DefaultColumnNames.Score)
    {
        Environment.CheckValue(data, nameof(data));
        Environment.CheckNonEmpty(labelColumnName, nameof(labelColumnName));
        Environment.CheckNonEmpty(scoreColumnName, nameof(scoreColumnName));

        var label = ScoredColumns.Find(data, "Label", labelColumnName);
        var score = ScoredColumns.Find(data, "Score", scoreColumnName);
        ScoredColumns.CheckType(Environment, score, "score", score.Type == NumberDataViewType.Single, "Single");
        ScoredColumns.CheckType(Environment, label, "label", label.Type == NumberDataViewType.Single, "Single");

        var tally = new RegressionTally();
        using var cursor = ScoredColumns.Walk(data, label, score);
        var getLabel = cursor.GetGetter<float>(label);
        var getScore = cursor.GetGetter<float>(score);
        float truth = 0, scored = 0;
        while (cursor.MoveNext())
        {
            getLabel(ref truth);
            getScore(ref scored);
            tally.Add(truth, scored);
        }
        return new RegressionMetrics(tally);
    }

    public IReadOnlyList<CrossValidationResult<RegressionMetrics>> CrossValidate(
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
}
