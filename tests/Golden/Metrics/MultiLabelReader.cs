using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/multilabel.json: sets of labels, their rankings and scores.</summary>
internal sealed class MultiLabelReader : CaseReader
{
    public override bool Reads(string file) => file == "multilabel.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var (inputs, options) = (c["inputs"], c["options"]);
        if (options.TryGetProperty("compare", out var compare) && compare.GetString() != ">=") throw new UnsupportedException($"a label is predicted where its score is at least the threshold, not {compare.GetString()}");
        bool[][] actual = [.. inputs.GetProperty("y_true").EnumerateArray().Select(row => row.ToInts().Select(label => label == 1).ToArray())];
        var (scores, weights, threshold) = (inputs.GetProperty("scores").ToRows(), Expectation.Weights(inputs), options.GetProperty("threshold").GetDouble());
        var labels = actual.Length == 0 ? 1 : actual[0].Length;
        double Weight(int i) => weights.Length == 0 ? 1 : weights[i];
        var ranking = new Lazy<LabelRankingMetrics>(() =>
        {
            var accumulator = new LabelRankingAccumulator();
            for (var i = 0; i < actual.Length; i++) accumulator.Add(actual[i], scores[i], Weight(i));
            return accumulator.Compute();
        });
        var areas = new Lazy<MultiLabelScoreMetrics>(() =>
        {
            var accumulator = new MultiLabelScoreAccumulator(labels);
            for (var i = 0; i < actual.Length; i++) accumulator.Add(actual[i], scores[i], Weight(i));
            return accumulator.Compute();
        });
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var (name, value) = (expected.Name, expected.Value);
            switch (name)
            {
                case "predictions" when !tally.Refused(name, value, () => Metrics(ZeroDivision.Zero)): Predictions(tally, value, scores, threshold); break;
                case "subset_accuracy": tally.Number(name, value, () => Metrics(ZeroDivision.Zero).SubsetAccuracy); break;
                case "hamming_loss": tally.Number(name, value, () => Metrics(ZeroDivision.Zero).HammingLoss); break;
                case "label_ranking_average_precision": tally.Number(name, value, () => ranking.Value.AveragePrecision); break;
                case "coverage_error": tally.Number(name, value, () => ranking.Value.CoverageError); break;
                case "label_ranking_loss": tally.Number(name, value, () => ranking.Value.RankingLoss); break;
                case "multilabel_confusion_matrix":
                    if (tally.Refused(name, value, () => Metrics(ZeroDivision.Zero))) break;
                    tally.Equal(name, value.GetArrayLength(), labels);
                    foreach (var (counts, own) in value.EnumerateArray().Zip(Metrics(ZeroDivision.Zero).Counts)) tally.Matrix(name, counts, () => new[,] { { own.TrueNegatives, own.FalsePositives }, { own.FalseNegatives, own.TruePositives } });
                    break;
                case "roc_auc_per_label": tally.Numbers(name, value, () => areas.Value.PerLabel.Select(own => own.RocAuc)); break;
                case "roc_auc_micro": tally.Number(name, value, () => areas.Value.Micro.RocAuc); break;
                case "roc_auc_macro": tally.Number(name, value, () => areas.Value.RocAuc()); break;
                case "roc_auc_weighted": tally.Number(name, value, () => areas.Value.RocAuc(ClassAveraging.Weighted)); break;
                case "roc_auc_samples": tally.Number(name, value, () => areas.Value.RocAucSamples); break;
                case "average_precision_per_label": tally.Numbers(name, value, () => areas.Value.PerLabel.Select(own => own.AveragePrecision)); break;
                case "average_precision_micro": tally.Number(name, value, () => areas.Value.Micro.AveragePrecision); break;
                case "average_precision_macro": tally.Number(name, value, () => areas.Value.AveragePrecision()); break;
                case "average_precision_weighted": tally.Number(name, value, () => areas.Value.AveragePrecision(ClassAveraging.Weighted)); break;
                case "average_precision_samples": tally.Number(name, value, () => areas.Value.AveragePrecisionSamples); break;
                case "zero_division_0": Scores(tally, name, value, () => Metrics(ZeroDivision.Zero)); break;
                case "zero_division_1": Scores(tally, name, value, () => Metrics(ZeroDivision.One)); break;
                case "zero_division_nan": Scores(tally, name, value, () => Metrics(ZeroDivision.NaN)); break;
                case "predictions": break;
                default: throw new UnsupportedException($"there is no {name}");
            }
        }

        MultiLabelMetrics Metrics(ZeroDivision rule)
        {
            var accumulator = new MultiLabelAccumulator(labels, new MultiLabelOptions { Threshold = threshold, ZeroDivision = rule });
            for (var i = 0; i < actual.Length; i++) accumulator.Add(actual[i], scores[i], Weight(i));
            return accumulator.Compute();
        }
    }

    /// <summary>What the library predicts for a row is seen where the expected predictions are the reference: every row is then right.</summary>
    private static void Predictions(Tally tally, JsonElement expected, double[][] scores, double threshold)
    {
        for (var i = 0; i < scores.Length; i++)
        {
            var accumulator = new MultiLabelAccumulator(scores[i].Length, new MultiLabelOptions { Threshold = threshold });
            accumulator.Add([.. expected[i].ToInts().Select(label => label == 1)], scores[i]);
            tally.Equal("predictions", 1.0, accumulator.Compute().SubsetAccuracy);
        }
    }

    private static void Scores(Tally tally, string what, JsonElement expected, Func<MultiLabelMetrics> compute)
    {
        if (tally.Refused(what, expected, () => compute())) return;
        var metrics = compute();
        foreach (var average in expected.EnumerateObject())
        {
            foreach (var score in average.Value.EnumerateObject())
            {
                var name = $"{what} {average.Name} {score.Name}";
                if (average.Name == "per_label") tally.Numbers(name, score.Value, () => metrics.PerLabel.Select(own => LabelCases.Of(own, score.Name)));
                else tally.Number(name, score.Value, () => LabelCases.Of(average.Name switch { "micro" => metrics.Micro, "macro" => metrics.Macro, "weighted" => metrics.Weighted, "samples" => metrics.Samples, _ => throw new UnsupportedException($"there is no average {average.Name}") }, score.Name));
            }
        }
    }
}
