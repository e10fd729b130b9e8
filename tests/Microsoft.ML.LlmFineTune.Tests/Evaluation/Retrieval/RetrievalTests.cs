using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class RetrievalTests
{
    [Fact]
    public void Counts_by_hand()
    {
        RetrievalAccumulator accumulator = new(1, 3);
        Assert.True(accumulator.AddRanked(["a", "b"], ["x", "a", "b", "y"]));
        RetrievalAtK one = accumulator.Compute().At(1), three = accumulator.Compute().At(3);
        Assert.Equal(new RetrievalAtK(1, 0, 0, 0, 0, 0, 0), one);
        double ideal = 1 + (1 / Math.Log2(3));
        Assert.Equal((1, 2.0 / 3, 1, 0.5), (three.Accuracy, three.Precision, three.Recall, three.MeanReciprocalRank));
        Assert.Equal(((1 / Math.Log2(3)) + 0.5) / ideal, three.Ndcg, 15);
        Assert.Equal(((1.0 / 2) + (2.0 / 3)) / 2, three.MeanAveragePrecision, 15);
        Assert.Throws<ArgumentException>(() => accumulator.Compute().At(2));
        Assert.Equal([1, 3, 5, 10, 100], new RetrievalAccumulator().With(["a"], ["a"]).Compute().AtK.Select(metrics => metrics.K));
    }

    [Theory]
    [InlineData("k_past_the_end")]
    [InlineData("query_without_relevant_is_dropped")]
    public void Equals_the_reference_in_one_go_and_merged(string name)
    {
        JsonNode @case = MetricFixture.Case("retrieval", name), inputs = @case["inputs"]!, expected = @case["expected"]!;
        RetrievalAccumulator left = new(@case["options"]!["k"]!.Ints()), right = new(@case["options"]!["k"]!.Ints());
        string[] queries = [.. inputs["queries"]!.AsArray().Select(query => (string)query!)];
        for (int i = 0; i < queries.Length; i++)
        {
            (i % 2 == 0 ? left : right).Add(
                inputs["relevant"]![queries[i]]?.AsArray().Select(id => (string)id!) ?? [],
                inputs["hits"]![queries[i]]!.AsArray().Reverse().Select(hit => new SearchHit((string)hit![0]!, hit[1]!.Number())));
        }
        left.Merge(right);
        RetrievalMetrics metrics = left.Compute();
        Assert.Equal(expected["queries_counted"]!.AsArray().Count, metrics.Queries);
        Assert.Equal(queries.Length, metrics.Queries + metrics.QueriesWithoutRelevant);
        foreach (RetrievalAtK at in metrics.AtK)
        {
            string k = $"{at.K}";
            Assert.Equal(expected["accuracy@k"]![k]!.Number(), at.Accuracy, 12);
            Assert.Equal(expected["precision@k"]![k]!.Number(), at.Precision, 12);
            Assert.Equal(expected["recall@k"]![k]!.Number(), at.Recall, 12);
            Assert.Equal(expected["ndcg@k"]![k]!.Number(), at.Ndcg, 12);
            Assert.Equal(expected["mrr@k"]![k]!.Number(), at.MeanReciprocalRank, 12);
            Assert.Equal(expected["map@k"]![k]!.Number(), at.MeanAveragePrecision, 12);
        }
    }

    [Fact]
    public void Bad_hits_are_named_and_no_query_is_refused()
    {
        RetrievalAccumulator accumulator = new(2);
        Assert.False(accumulator.AddRanked([], ["a"]));
        Assert.StartsWith("Query 1: the score of a must be a number", Assert.Throws<ArgumentException>(() => accumulator.Add(["a"], [new SearchHit("a", double.NaN)])).Message, StringComparison.Ordinal);
        Assert.StartsWith("Query 1: no document may be found twice; received a again.", Assert.Throws<ArgumentException>(() => accumulator.AddRanked(["a"], ["a", "a"])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => accumulator.Compute());
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetrievalAccumulator(0));
        Assert.Throws<ArgumentException>(() => accumulator.Merge(new RetrievalAccumulator(3)));
    }

    [Fact]
    public void Graded_relevance()
    {
        JsonNode @case = MetricFixture.Case("retrieval", "graded_0"), expected = @case["expected"]!["3"]!;
        double[] relevance = @case["inputs"]!["relevance"]!.Numbers(), scores = @case["inputs"]!["scores"]!.Numbers();
        Assert.Equal(expected["sklearn_linear_ties_averaged"]!.Number(), new NdcgAccumulator(new NdcgOptions { K = 3 }).Add(relevance, scores), 12);
        Assert.Equal(expected["exponential_stable"]!.Number(), new NdcgAccumulator(new NdcgOptions { K = 3, Gain = NdcgGain.Exponential, Ties = NdcgTies.Stable }).Add(relevance, scores), 12);
        // With averaged ties the order of the documents doesn't matter; otherwise it does.
        Assert.Equal(new NdcgAccumulator().Add([0, 1, 2], [1, 1, 1]), new NdcgAccumulator().Add([2, 1, 0], [1, 1, 1]), 14);
        Assert.NotEqual(new NdcgAccumulator(new NdcgOptions { Ties = NdcgTies.Stable }).Add([0, 1, 2], [1, 1, 1]), new NdcgAccumulator(new NdcgOptions { Ties = NdcgTies.Stable }).Add([2, 1, 0], [1, 1, 1]), 6);
        NdcgAccumulator mean = new(), other = new();
        mean.Add([1, 0], [2, 1], 3);
        other.Add([0, 0], [2, 1]);
        mean.Merge(other);
        Assert.Equal(0.75, mean.Compute());
        Assert.Throws<ArgumentException>(() => mean.Add([1], [1]));
        Assert.Throws<ArgumentException>(() => mean.Add([1, -1], [1, 2]));
        Assert.Throws<ArgumentException>(() => mean.Add([1, 1], [1, double.NaN]));
        Assert.Throws<InvalidOperationException>(() => new NdcgAccumulator().Compute());
    }
}

internal static class Rankings
{
    public static RetrievalAccumulator With(this RetrievalAccumulator accumulator, string[] relevant, string[] ranking)
    {
        accumulator.AddRanked(relevant, ranking);
        return accumulator;
    }
}
