using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>metrics/retrieval.json: similarities, ranking metrics, correlations of similarities, agreement of clusterings.</summary>
internal sealed class RetrievalReader : CaseReader
{
    // Of the fixtures' values that the library made in float32.
    private const double Float32Tolerance = 1e-6;

    public override bool Reads(string file) => file == "retrieval.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        switch (c["kind"].GetString())
        {
            case "similarity": Similarities(c, tally); break;
            case "ranking": Ranking(c, tally); break;
            case "graded_ndcg": GradedNdcg(c, tally); break;
            case "sts": Correlations(c, tally); break;
            case "clustering": Clustering(c, tally); break;
            case var kind: throw new UnsupportedException($"there are no metrics of {kind}");
        }
    }

    private static void Similarities(FixtureCase c, Tally tally)
    {
        var (a, b) = (Embeddings(c["inputs"].GetProperty("a")), Embeddings(c["inputs"].GetProperty("b")));
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var function = expected.Name switch
            {
                "cosine" or "cosine_library_float32" => SimilarityFunction.Cosine,
                "dot" => SimilarityFunction.Dot,
                "negative_euclidean" => SimilarityFunction.Euclidean,
                "negative_manhattan" => SimilarityFunction.Manhattan,
                _ => throw new UnsupportedException($"there is no {expected.Name}"),
            };
            tally.Matrix(expected.Name, expected.Value, () => Similarity.Matrix(a, b, function), expected.Name.EndsWith("float32", StringComparison.Ordinal) ? Float32Tolerance : Expectation.Tolerance);
        }
    }

    private static void Ranking(FixtureCase c, Tally tally)
    {
        var (inputs, ks) = (c["inputs"], c["options"].GetProperty("k").ToInts());
        var accumulator = new RetrievalAccumulator(ks);
        List<string> counted = [];
        foreach (var query in inputs.GetProperty("queries").ToTexts())
        {
            string[] relevant = inputs.GetProperty("relevant").TryGetProperty(query, out var list) ? list.ToTexts() : [];
            SearchHit[] hits = inputs.GetProperty("hits").TryGetProperty(query, out var found) ? [.. found.EnumerateArray().Select(hit => new SearchHit(hit[0].GetString()!, hit[1].ToDouble()))] : [];
            if (accumulator.Add(relevant, hits)) counted.Add(query);
        }
        foreach (var expected in c["expected"].EnumerateObject())
        {
            if (expected.Name == "queries_counted")
            {
                tally.Sequence(expected.Name, expected.Value.ToTexts(), counted);
                continue;
            }
            Func<RetrievalAtK, double> figure = expected.Name switch
            {
                "accuracy@k" => metrics => metrics.Accuracy,
                "precision@k" => metrics => metrics.Precision,
                "recall@k" => metrics => metrics.Recall,
                "ndcg@k" => metrics => metrics.Ndcg,
                "mrr@k" => metrics => metrics.MeanReciprocalRank,
                "map@k" => metrics => metrics.MeanAveragePrecision,
                _ => throw new UnsupportedException($"there is no {expected.Name}"),
            };
            if (tally.Refused(expected.Name, expected.Value, () => accumulator.Compute())) continue;
            foreach (var at in expected.Value.EnumerateObject()) tally.Number($"{expected.Name} {at.Name}", at.Value, () => figure(accumulator.Compute().At(int.Parse(at.Name, CultureInfo.InvariantCulture))));
        }
    }

    private static void GradedNdcg(FixtureCase c, Tally tally)
    {
        var (relevance, scores) = (c["inputs"].GetProperty("relevance").ToDoubles(), c["inputs"].GetProperty("scores").ToDoubles());
        foreach (var at in c["expected"].EnumerateObject())
        {
            foreach (var expected in at.Value.EnumerateObject())
            {
                var options = expected.Name switch
                {
                    "sklearn_linear_ties_averaged" => new NdcgOptions(),
                    "linear_stable" => new NdcgOptions { Ties = NdcgTies.Stable },
                    "exponential_stable" => new NdcgOptions { Ties = NdcgTies.Stable, Gain = NdcgGain.Exponential },
                    _ => throw new UnsupportedException($"there is no {expected.Name}"),
                };
                tally.Number($"{expected.Name} {at.Name}", expected.Value, () =>
                {
                    var accumulator = new NdcgAccumulator(options with { K = int.Parse(at.Name, CultureInfo.InvariantCulture) });
                    accumulator.Add(relevance, scores);
                    return accumulator.Compute();
                });
            }
        }
    }

    private static void Correlations(FixtureCase c, Tally tally)
    {
        var (a, b, gold) = (Embeddings(c["inputs"].GetProperty("a")), Embeddings(c["inputs"].GetProperty("b")), c["inputs"].GetProperty("gold").ToDoubles());
        var accumulator = new SimilarityCorrelationAccumulator();
        for (var i = 0; i < gold.Length; i++) accumulator.Add(a[i], b[i], gold[i]);
        foreach (var expected in c["expected"].EnumerateObject())
        {
            var metrics = accumulator.Compute(Enum.TryParse<SimilarityFunction>(expected.Name, ignoreCase: true, out var function) ? function : throw new UnsupportedException($"there is no similarity {expected.Name}"));
            foreach (var coefficient in expected.Value.EnumerateObject())
            {
                tally.Number($"{expected.Name} {coefficient.Name}", coefficient.Value, coefficient.Name switch
                {
                    "pearson" => () => metrics.Pearson,
                    "spearman" => () => metrics.Spearman,
                    _ => throw new UnsupportedException($"there is no {coefficient.Name}"),
                });
            }
        }
    }

    private static void Clustering(FixtureCase c, Tally tally)
    {
        var accumulator = new ClusteringAccumulator<string, string>();
        accumulator.AddRange([.. c["inputs"].GetProperty("y_true").EnumerateArray().Select(label => label.GetRawText())], [.. c["inputs"].GetProperty("y_pred").EnumerateArray().Select(label => label.GetRawText())]);
        var metrics = accumulator.Compute();
        foreach (var expected in c["expected"].EnumerateObject())
        {
            tally.Number(expected.Name, expected.Value, expected.Name switch
            {
                "adjusted_rand" => () => metrics.AdjustedRandIndex,
                "rand" => () => metrics.RandIndex,
                "normalized_mutual_info" => () => metrics.NormalizedMutualInformation(),
                "homogeneity" => () => metrics.Homogeneity,
                "completeness" => () => metrics.Completeness,
                "v_measure" => () => metrics.VMeasure(),
                "fowlkes_mallows" => () => metrics.FowlkesMallowsIndex,
                "mutual_info" => () => metrics.MutualInformation,
                _ => throw new UnsupportedException($"there is no {expected.Name}"),
            });
        }
    }

    private static float[][] Embeddings(JsonElement rows) => [.. rows.EnumerateArray().Select(JsonReading.ToFloats)];
}
