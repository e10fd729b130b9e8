using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextClassification;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;
using ClusteringMetrics = Microsoft.ML.LlmFineTune.Evaluation.ClusteringMetrics;

namespace Microsoft.ML.LlmFineTune.Estimators;

public sealed partial class EvaluationCatalog
{
    /// <summary>A classifier among several classes, by its probabilities: label metrics, log loss, Brier score, top-k accuracy, calibration, and ROC figures where asked for.</summary>
    /// <param name="data">Scored rows.</param>
    /// <param name="labelColumnName">The label column, a key. Where its values and the scores have names, they are matched by name; a label without a score is an error, rows without a label are left out and counted in a warning.</param>
    /// <param name="scoreColumnName">The column of probabilities (or logits), a vector of a known size, one number a class.</param>
    /// <param name="weightColumnName">The column of the rows' weights, a number of 0 or more; default null: all the same.</param>
    /// <param name="options">What is computed; default null: the defaults.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, there are no rows, or a row has what is no probability or a label that no score stands for.</exception>
    public EvaluationResult<MulticlassEvaluationMetrics> MulticlassClassification(IDataView data, string labelColumnName = DefaultColumns.Label, string scoreColumnName = DefaultColumns.Score, string? weightColumnName = null, MulticlassEvaluationOptions? options = null, EvaluationOptions? evaluation = null)
    {
        options ??= new MulticlassEvaluationOptions();
        options.Validate();
        return Scores(data, labelColumnName, scoreColumnName, weightColumnName, (names, single, keep) => new MulticlassMeasure(names, single, options, keep), evaluation);
    }

    /// <summary>The temperature that a classifier's logits are divided by so that their softmax is calibrated. Measure it on rows that the classifier was not trained on; it keeps every logit in memory.</summary>
    /// <param name="data">Scored rows.</param>
    /// <param name="labelColumnName">The label column, a key; matched to the scores as <see cref="MulticlassClassification"/> does, rows without a label are left out and counted in a warning.</param>
    /// <param name="scoreColumnName">The column of logits, a vector of a known size, one number a class.</param>
    /// <param name="weightColumnName">The column of the rows' weights, a number of 0 or more; default null: all the same.</param>
    /// <param name="evaluation">Slices; there are neither intervals nor worst rows. Default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, there are no rows, a logit is not finite, or no score stands for a label.</exception>
    /// <exception cref="InvalidOperationException">No row has a label.</exception>
    public EvaluationResult<TemperatureScaling> TemperatureScaling(IDataView data, string labelColumnName = DefaultColumns.Label, string scoreColumnName = DefaultColumns.Score, string? weightColumnName = null, EvaluationOptions? evaluation = null) =>
        Scores(data, labelColumnName, scoreColumnName, weightColumnName, (names, _, _) => new TemperatureMeasure(names), evaluation);

    /// <summary>Clusters against classes: Rand index, mutual information, homogeneity, completeness.</summary>
    /// <param name="data">Rows with a class and a cluster.</param>
    /// <param name="labelColumnName">The column of classes, text or a key; rows without one are left out and counted in a warning.</param>
    /// <param name="clusterColumnName">The column of clusters, text or a key.</param>
    /// <param name="evaluation">Slices; there are neither intervals nor worst rows. Default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<ClusteringMetrics> Clustering(IDataView data, string labelColumnName = DefaultColumns.Label, string clusterColumnName = DefaultColumns.PredictedLabel, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column label = EvaluationColumns.RequireLabel(schema, labelColumnName), cluster = EvaluationColumns.RequireLabel(schema, clusterColumnName);
        return ViewEvaluation.Run<JudgedLabel, ClusteringMetrics>(data, [label, cluster], row =>
        {
            Func<string?> readLabel = EvaluationColumns.LabelReader(row, label), readCluster = EvaluationColumns.LabelReader(row, cluster);
            return () => new JudgedLabel(readLabel(), readCluster(), 1);
        }, _ => new ClusteringMeasure(), evaluation);
    }

    /// <summary>A classifier that gives labels without scores.</summary>
    /// <param name="data">Scored rows.</param>
    /// <param name="labelColumnName">The label column, text or a key.</param>
    /// <param name="predictedLabelColumnName">The column of predicted labels, text or a key; compared by their values.</param>
    /// <param name="weightColumnName">The column of the rows' weights, a number of 0 or more; default null: all the same.</param>
    /// <param name="options">How labels are scored; default null: F1, denominators of 0 give 0.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<ClassificationMetrics> Labels(IDataView data, string labelColumnName = DefaultColumns.Label, string predictedLabelColumnName = DefaultColumns.PredictedLabel, string? weightColumnName = null, ClassificationOptions? options = null, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column label = EvaluationColumns.RequireLabel(schema, labelColumnName), predicted = EvaluationColumns.RequireLabel(schema, predictedLabelColumnName);
        DataViewSchema.Column? weight = Weight(data, weightColumnName);
        return ViewEvaluation.Run<JudgedLabel, ClassificationMetrics>(data, Given(label, predicted, weight), row =>
        {
            Func<string?> readLabel = EvaluationColumns.LabelReader(row, label), readPredicted = EvaluationColumns.LabelReader(row, predicted);
            Func<double> readWeight = WeightReader(row, weight);
            return () => new JudgedLabel(readLabel(), readPredicted(), readWeight());
        }, keep => new LabelMeasure(options, keep), evaluation);
    }

    /// <summary>A yes-or-no decision by its probability: label metrics at a threshold, ROC and precision-recall curves, log loss, Brier score, calibration. It keeps every probability in memory.</summary>
    /// <param name="data">Scored rows.</param>
    /// <param name="labelColumnName">The label column, true or false.</param>
    /// <param name="probabilityColumnName">The column of probabilities of true, numbers from 0 to 1.</param>
    /// <param name="weightColumnName">The column of the rows' weights, a number of 0 or more; default null: all the same.</param>
    /// <param name="threshold">From which probability on the answer is yes. Default 0.5; finite.</param>
    /// <param name="calibrationBins">Bins of the calibration. Default 15; at least 1.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, there are no rows, or a row has what is no probability.</exception>
    public EvaluationResult<BinaryEvaluationMetrics> BinaryClassification(IDataView data, string labelColumnName = DefaultColumns.Label, string probabilityColumnName = DefaultColumns.Probability, string? weightColumnName = null, double threshold = 0.5, int calibrationBins = 15, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        Require.Within(threshold, double.MinValue, double.MaxValue);
        Require.AtLeast(calibrationBins, 1);
        DataViewSchema.Column label = EvaluationColumns.RequireFlag(schema, labelColumnName), probability = EvaluationColumns.RequireNumber(schema, probabilityColumnName);
        DataViewSchema.Column? weight = Weight(data, weightColumnName);
        return ViewEvaluation.Run<JudgedProbability, BinaryEvaluationMetrics>(data, Given(label, probability, weight), row =>
        {
            Func<bool> readLabel = EvaluationColumns.FlagReader(row, label);
            Func<double> readProbability = EvaluationColumns.NumberReader(row, probability), readWeight = WeightReader(row, weight);
            return () => new JudgedProbability(readLabel(), readProbability(), readWeight());
        }, keep => new BinaryMeasure(threshold, calibrationBins, keep), evaluation);
    }

    /// <summary>Rows that may have several labels, by the labels' scores.</summary>
    /// <param name="data">Scored rows.</param>
    /// <param name="labelColumnName">The label column, a vector of Booleans or of 0 and 1, one a label.</param>
    /// <param name="scoreColumnName">The column of scores, a vector of the same size.</param>
    /// <param name="weightColumnName">The column of the rows' weights, a number of 0 or more; default null: all the same.</param>
    /// <param name="options">Threshold and scoring; default null: a label is predicted from 0.5 on.</param>
    /// <param name="curves">Whether ROC and precision-recall figures are computed, which keeps every score in memory. Default false.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, the sizes differ, there are no rows, or a score is not finite.</exception>
    public EvaluationResult<MultiLabelEvaluationMetrics> MultiLabelClassification(IDataView data, string labelColumnName = DefaultColumns.Label, string scoreColumnName = DefaultColumns.Score, string? weightColumnName = null, MultiLabelOptions? options = null, bool curves = false, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column label = EvaluationColumns.RequireFlags(schema, labelColumnName), score = EvaluationColumns.RequireNumbers(schema, scoreColumnName);
        DataViewSchema.Column? weight = Weight(data, weightColumnName);
        int labels = Size(score, "label");
        Require.Argument(Size(label, "label") == labels, $"Columns '{label.Name}' and '{score.Name}' have to be vectors of the same size, and are {label.Type} and {score.Type}.", nameof(labelColumnName));
        IReadOnlyList<string> names = EvaluationColumns.SlotNames(label) is null ? Names(score, labels) : Names(label, labels);
        return ViewEvaluation.Run<JudgedLabels, MultiLabelEvaluationMetrics>(data, Given(label, score, weight), row =>
        {
            Func<bool[]> readLabels = EvaluationColumns.FlagsReader(row, label);
            Func<double[]> readScores = EvaluationColumns.NumbersReader(row, score);
            Func<double> readWeight = WeightReader(row, weight);
            return () => new JudgedLabels(readLabels(), readScores(), readWeight());
        }, keep => new MultiLabelMeasure(names, options, curves, keep), evaluation);
    }

    /// <summary>Predicted numbers: errors and, where rows have no weights, correlations. It keeps every number in memory, which the median and the ranks need.</summary>
    /// <param name="data">Scored rows.</param>
    /// <param name="labelColumnName">The column of right numbers.</param>
    /// <param name="scoreColumnName">The column of predicted numbers.</param>
    /// <param name="weightColumnName">The column of the rows' weights, a number of 0 or more; default null: all the same.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, there are no rows, or a number is not finite.</exception>
    public EvaluationResult<RegressionEvaluationMetrics> Regression(IDataView data, string labelColumnName = DefaultColumns.Label, string scoreColumnName = DefaultColumns.Score, string? weightColumnName = null, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column label = EvaluationColumns.RequireNumber(schema, labelColumnName), score = EvaluationColumns.RequireNumber(schema, scoreColumnName);
        DataViewSchema.Column? weight = Weight(data, weightColumnName);
        return ViewEvaluation.Run<JudgedNumber, RegressionEvaluationMetrics>(data, Given(label, score, weight), row =>
        {
            Func<double> readLabel = EvaluationColumns.NumberReader(row, label), readScore = EvaluationColumns.NumberReader(row, score), readWeight = WeightReader(row, weight);
            return () => new JudgedNumber(readLabel(), readScore(), readWeight());
        }, keep => new RegressionMeasure(weight is not null, keep), evaluation);
    }

    /// <summary>A search: recall, precision, NDCG, MRR and MAP at k. A row is a query.</summary>
    /// <param name="data">The queries.</param>
    /// <param name="relevantColumnName">The column of relevant documents' ids, a vector of texts; queries without any are left out and counted in a warning.</param>
    /// <param name="foundColumnName">The column of found documents' ids, a vector of texts, the best first where there are no scores.</param>
    /// <param name="scoreColumnName">The column of the found documents' scores, a vector of numbers; default null: they are ranked already.</param>
    /// <param name="ks">How many hits are counted; default null: 1, 3, 5, 10, 100; at least 1 each.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, there are no rows, or a document is found twice.</exception>
    public EvaluationResult<RetrievalMetrics> Retrieval(IDataView data, string relevantColumnName = "Relevant", string foundColumnName = "Found", string? scoreColumnName = null, IReadOnlyList<int>? ks = null, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        int[] counted = ks is { Count: > 0 } ? [.. ks] : [1, 3, 5, 10, 100];
        foreach (int k in counted) Require.AtLeast(k, 1, nameof(ks));
        DataViewSchema.Column relevant = EvaluationColumns.RequireTexts(schema, relevantColumnName), found = EvaluationColumns.RequireTexts(schema, foundColumnName);
        DataViewSchema.Column? score = scoreColumnName is null ? null : EvaluationColumns.RequireNumbers(schema, scoreColumnName);
        return ViewEvaluation.Run<JudgedRanking, RetrievalMetrics>(data, Given(relevant, found, score), row =>
        {
            Func<string[]> readRelevant = EvaluationColumns.TextsReader(row, relevant), readFound = EvaluationColumns.TextsReader(row, found);
            Func<double[]>? readScores = score is { } given ? EvaluationColumns.NumbersReader(row, given) : null;
            return () => new JudgedRanking(readRelevant(), readFound(), readScores?.Invoke());
        }, keep => new RetrievalMeasure(counted, keep), evaluation);
    }

    /// <summary>Embeddings of pairs of texts: how their similarity goes together with people's judgement (semantic textual similarity).</summary>
    /// <param name="data">The pairs.</param>
    /// <param name="firstColumnName">The column of first embeddings, a vector of numbers.</param>
    /// <param name="secondColumnName">The column of second embeddings, a vector of the same size.</param>
    /// <param name="labelColumnName">The column of people's judgement, a number.</param>
    /// <param name="function">How similarity is computed; default cosine.</param>
    /// <param name="evaluation">Slices; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<CorrelationMetrics> Similarity(IDataView data, string firstColumnName = "First", string secondColumnName = "Second", string labelColumnName = DefaultColumns.Label, SimilarityFunction function = SimilarityFunction.Cosine, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column first = EvaluationColumns.RequireNumbers(schema, firstColumnName), second = EvaluationColumns.RequireNumbers(schema, secondColumnName), label = EvaluationColumns.RequireNumber(schema, labelColumnName);
        Require.Argument(Enum.IsDefined(function), $"The function must be one of {string.Join(", ", Enum.GetNames<SimilarityFunction>())}; received {function}.", nameof(function));
        return ViewEvaluation.Run<JudgedPair, CorrelationMetrics>(data, [first, second, label], row =>
        {
            Func<double[]> readFirst = EvaluationColumns.NumbersReader(row, first), readSecond = EvaluationColumns.NumbersReader(row, second);
            Func<double> readLabel = EvaluationColumns.NumberReader(row, label);
            return () => new JudgedPair(readFirst(), readSecond(), readLabel());
        }, _ => new SimilarityMeasure(function), evaluation);
    }

    /// <summary>Whether yes-or-no decisions treat groups alike: demographic parity, equal opportunity, equalised odds, as fairlearn computes them. There are no intervals.</summary>
    /// <param name="data">Scored rows.</param>
    /// <param name="groupColumnName">The column that names the group: text, a key, a number, or true and false.</param>
    /// <param name="labelColumnName">The label column, true or false.</param>
    /// <param name="predictedLabelColumnName">The column of decisions, true or false.</param>
    /// <param name="weightColumnName">The column of the rows' weights, a number of 0 or more; default null: all the same.</param>
    /// <param name="evaluation">Slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<GroupFairnessMetrics> Fairness(IDataView data, string groupColumnName, string labelColumnName = DefaultColumns.Label, string predictedLabelColumnName = DefaultColumns.PredictedLabel, string? weightColumnName = null, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column group = EvaluationColumns.RequireSlice(schema, groupColumnName), label = EvaluationColumns.RequireFlag(schema, labelColumnName), predicted = EvaluationColumns.RequireFlag(schema, predictedLabelColumnName);
        DataViewSchema.Column? weight = Weight(data, weightColumnName);
        return ViewEvaluation.Run<JudgedDecision, GroupFairnessMetrics>(data, Given(group, label, predicted, weight), row =>
        {
            Func<string> readGroup = EvaluationColumns.SliceReader(row, group);
            Func<bool> readLabel = EvaluationColumns.FlagReader(row, label), readPredicted = EvaluationColumns.FlagReader(row, predicted);
            Func<double> readWeight = WeightReader(row, weight);
            return () => new JudgedDecision(readLabel(), readPredicted(), readGroup(), readWeight());
        }, _ => new FairnessMeasure(), evaluation);
    }

    private static EvaluationResult<TMetrics> Scores<TMetrics>(IDataView data, string labelColumnName, string scoreColumnName, string? weightColumnName, Func<IReadOnlyList<string>, bool, bool, Measure<JudgedScores, TMetrics>> create, EvaluationOptions? evaluation)
        where TMetrics : notnull
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column label = SchemaChecks.RequireKey(schema, labelColumnName), score = EvaluationColumns.RequireNumbers(schema, scoreColumnName);
        DataViewSchema.Column? weight = Weight(data, weightColumnName);
        int classes = Size(score, "class");
        Require.Argument(classes >= 2, $"Column '{score.Name}' has to be a vector of at least two numbers, one a class, and is {score.Type}.", nameof(scoreColumnName));
        IReadOnlyList<string> labelNames = LabelKeys.Of(label).Names, names = EvaluationColumns.SlotNames(score) ?? (labelNames.Count == classes ? labelNames : Names(score, classes));
        int[] ofLabel = Places(label, labelNames, score, names);
        bool single = ((VectorDataViewType)score.Type).ItemType.RawType == typeof(float);
        return ViewEvaluation.Run(data, Given(label, score, weight), row =>
        {
            Func<ulong> readLabel = ColumnReader.KeyGetter(row, label);
            Func<double[]> readScores = EvaluationColumns.NumbersReader(row, score);
            Func<double> readWeight = WeightReader(row, weight);
            return () => new JudgedScores(Actual(readLabel(), row.Position), readScores(), readWeight());
        }, keep => create(names, single, keep), evaluation);

        int Actual(ulong key, long row)
        {
            if (key == 0) return -1;
            int place = key <= (ulong)ofLabel.Length ? ofLabel[key - 1] : -1;
            return place >= 0 ? place : throw new ArgumentException(
                $"Row {row} (counted from 0): the label '{(key <= (ulong)labelNames.Count ? labelNames[(int)key - 1] : key)}' of column '{label.Name}' has no score in column '{score.Name}', whose classes are {string.Join(", ", names)}.", nameof(data));
        }
    }

    /// <summary>For each label the place of its score: by name where both have names, otherwise the same place.</summary>
    private static int[] Places(DataViewSchema.Column label, IReadOnlyList<string> labelNames, DataViewSchema.Column score, IReadOnlyList<string> scoreNames)
    {
        bool named = label.Annotations.Schema.GetColumnOrNull(AnnotationNames.KeyValues) is not null && EvaluationColumns.SlotNames(score) is not null;
        if (named)
        {
            List<string> places = [.. scoreNames];
            int[] found = [.. labelNames.Select(name => places.IndexOf(name))];
            // Names of another kind altogether ("Score0"): places are all there is.
            if (found.Any(place => place >= 0)) return found;
        }
        Require.Argument(labelNames.Count <= scoreNames.Count, $"Column '{score.Name}' has to be a vector of {labelNames.Count} numbers, one for each value of the key '{label.Name}', and is {score.Type}.");
        return [.. Enumerable.Range(0, labelNames.Count)];
    }
}
