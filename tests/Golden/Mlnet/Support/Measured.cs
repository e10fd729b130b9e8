using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;
using MlnetFixtures;
using static Answers;
using static Dumps;

/// <summary>Metrics, models, files, counts and events in the form of the fixtures.</summary>
public static class Measured
{
    public static object Confusion(ConfusionMatrix m) => O("numberOfClasses", m.NumberOfClasses, "counts", m.Counts, "perClassPrecision", m.PerClassPrecision, "perClassRecall", m.PerClassRecall, "formatted", m.GetFormattedConfusionTable());

    public static object Multiclass(MulticlassClassificationMetrics m) => O("microAccuracy", m.MicroAccuracy, "macroAccuracy", m.MacroAccuracy, "logLoss", m.LogLoss, "logLossReduction", m.LogLossReduction, "perClassLogLoss", m.PerClassLogLoss,
        "topKAccuracy", m.TopKAccuracy, "topKPredictionCount", m.TopKPredictionCount, "topKAccuracyForAllK", m.TopKAccuracyForAllK, "confusionMatrix", Confusion(m.ConfusionMatrix));

    public static object Binary(BinaryClassificationMetrics m) => O("accuracy", m.Accuracy, "areaUnderRocCurve", m.AreaUnderRocCurve, "areaUnderPrecisionRecallCurve", m.AreaUnderPrecisionRecallCurve, "positivePrecision", m.PositivePrecision,
        "positiveRecall", m.PositiveRecall, "negativePrecision", m.NegativePrecision, "negativeRecall", m.NegativeRecall, "f1Score", m.F1Score, "confusionMatrix", Confusion(m.ConfusionMatrix));

    public static object Calibrated(CalibratedBinaryClassificationMetrics m) => O("accuracy", m.Accuracy, "areaUnderRocCurve", m.AreaUnderRocCurve, "areaUnderPrecisionRecallCurve", m.AreaUnderPrecisionRecallCurve, "positivePrecision", m.PositivePrecision,
        "positiveRecall", m.PositiveRecall, "negativePrecision", m.NegativePrecision, "negativeRecall", m.NegativeRecall, "f1Score", m.F1Score, "logLoss", m.LogLoss, "logLossReduction", m.LogLossReduction, "entropy", m.Entropy,
        "confusionMatrix", Confusion(m.ConfusionMatrix));

    public static object Regression(RegressionMetrics m) => O("meanAbsoluteError", m.MeanAbsoluteError, "meanSquaredError", m.MeanSquaredError, "rootMeanSquaredError", m.RootMeanSquaredError, "lossFunction", m.LossFunction, "rSquared", m.RSquared);

    public static object Folds<T>(IReadOnlyList<TrainCatalogBase.CrossValidationResult<T>> folds, Func<T, object> metrics, bool withModel) where T : class => folds.Select(fold =>
    {
        var members = new List<object> { "fold", fold.Fold, "heldOutIds", Ids(fold.ScoredHoldOutSet), "metrics", metrics(fold.Metrics) };
        if (withModel) members.AddRange(new object[] { "model", fold.Model.GetType().FullName, "scoredHoldOutSchema", fold.ScoredHoldOutSet.Schema.Select(column => column.Name).ToArray() });
        return O(members.ToArray());
    }).ToArray();

    // trainers.json
    public static object MaximumEntropyModel(ITransformer transformer)
    {
        var model = ((IPredictionTransformer<MaximumEntropyModelParameters>)transformer).Model;
        VBuffer<float>[] weights = null;
        model.GetWeights(ref weights, out int classes);
        return O("kind", model.GetType().Name, "classes", classes, "weights", weights, "biases", model.GetBiases());
    }

    public static object CalibratedModel(ITransformer transformer)
    {
        var model = ((IPredictionTransformer<CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator>>)transformer).Model;
        return O("kind", model.GetType().Name, "weights", model.SubModel.Weights, "bias", model.SubModel.Bias, "calibratorSlope", model.Calibrator.Slope, "calibratorOffset", model.Calibrator.Offset);
    }

    public static object OtherModel(ITransformer transformer) => O("kind", transformer.GetType().ToString());

    /// <summary>Schema, scores, predictions and probabilities of a scored view.</summary>
    public static object Output(IDataView scored) => O("schema", Schema(scored.Schema), "scores", Column(scored, "Score"), "predicted", Column(scored, "PredictedLabel"),
        "probabilities", scored.Schema.GetColumnOrNull("Probability") is null ? null : Column(scored, "Probability"));

    // save-load.json
    public static object Entries(string path)
    {
        using var zip = ZipFile.OpenRead(path);
        return zip.Entries.Select(entry => O("name", entry.FullName, "size", entry.Length switch { 0 => "0", < 100 => "1-99", < 1000 => "100-999", < 10000 => "1000-9999", _ => "10000+" })).ToArray();
    }

    public static string EntryText(string path, string entry)
    {
        using var zip = ZipFile.OpenRead(path);
        using var reader = new StreamReader(zip.GetEntry(entry).Open());
        return reader.ReadToEnd();
    }

    // laziness.json
    public static JsonElement SourceRows;

    public static Table Source() => Inputs.ReadTable(SourceRows, "source");

    public static object Counts(Table t, int mapped, object result = null)
    {
        var members = new List<object>
        {
            "rows", t.Rows, "cursors", t.Cursors, "asked", t.Asked.ToArray(), "cursorSets", t.CursorSets, "rowsMoved", t.Moves,
            "columns", t.Columns.Where(c => c.Getters > 0 || c.Calls > 0).Select(c => O("name", c.Name, "getters", c.Getters, "calls", c.Calls)).ToArray(), "mapped", mapped,
        };
        if (result is not null) members.AddRange(new[] { "result", result });
        return O(members.ToArray());
    }

    // log.json
    public static object Events(MLContext ml, string[] kinds, Action run)
    {
        var events = new List<object>();
        ml.Log += (_, e) =>
        {
            if (kinds.Contains(e.Kind.ToString()))
                lock (events) events.Add(O("kind", e.Kind.ToString(), "source", e.Source, "message", Timeless(e.Message), "rawMessage", Timeless(e.RawMessage)));
        };
        run();
        return events;
    }

    private static string Timeless(string text) => text is null ? null : Regex.Replace(text, @"\d+:\d\d:\d\d\.\d+", "<time>").Replace(Folder, "<dir>");

    // schema.json
    /// <summary>The shape that a chain hands to its first estimator.</summary>
    public static SchemaShape Shape(IDataView view)
    {
        var capture = new Capture();
        new EstimatorChain<ITransformer>().Append(capture).Fit(view);
        return capture.Shape;
    }

    private sealed class Capture : IEstimator<ITransformer>
    {
        public SchemaShape Shape;

        public ITransformer Fit(IDataView input) => new TransformerChain<ITransformer>();

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => Shape = inputSchema;
    }

    public static object ShapeColumn(SchemaShape.Column column, bool withAnnotations = true)
    {
        var members = new List<object> { "name", column.Name, "kind", column.Kind.ToString(), "itemType", column.ItemType.ToString(), "isKey", column.IsKey };
        if (withAnnotations) members.AddRange(new object[] { "annotations", (column.Annotations?.OrderBy(a => a.Name, StringComparer.Ordinal).Select(a => ShapeColumn(a, false)) ?? Array.Empty<object>()).ToArray() });
        return O(members.ToArray());
    }

    public static object OutputShape(IEstimator<ITransformer> estimator, IDataView table)
    {
        var before = Shape(table);
        var after = estimator.GetOutputSchema(before);
        var known = before.ToDictionary(column => column.Name, column => Json(ShapeColumn(column)));
        return O("order", after.Select(column => column.Name).ToArray(), "newOrChanged", after.Where(column => !known.TryGetValue(column.Name, out var same) || same != Json(ShapeColumn(column))).Select(column => ShapeColumn(column)).ToArray());
    }
}
