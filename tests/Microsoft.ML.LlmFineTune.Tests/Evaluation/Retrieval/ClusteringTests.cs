using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class ClusteringTests
{
    [Fact]
    public void Equals_the_reference()
    {
        JsonNode @case = MetricFixture.Case("retrieval", "clustering_0"), expected = @case["expected"]!;
        ClusteringMetrics metrics = Of(@case["inputs"]!["y_true"]!.Ints(), @case["inputs"]!["y_pred"]!.Ints());
        Assert.Equal(expected["adjusted_rand"]!.Number(), metrics.AdjustedRandIndex, 12);
        Assert.Equal(expected["rand"]!.Number(), metrics.RandIndex, 12);
        Assert.Equal(expected["normalized_mutual_info"]!.Number(), metrics.NormalizedMutualInformation(), 12);
        Assert.Equal(expected["homogeneity"]!.Number(), metrics.Homogeneity, 12);
        Assert.Equal(expected["completeness"]!.Number(), metrics.Completeness, 12);
        Assert.Equal(expected["v_measure"]!.Number(), metrics.VMeasure(), 12);
        Assert.Equal(expected["fowlkes_mallows"]!.Number(), metrics.FowlkesMallowsIndex, 12);
    }

    [Fact]
    public void Pairs_are_what_counting_them_gives_and_names_do_not_matter()
    {
        int[] classes = Drawn.Classes(40, 4, 1), clusters = Drawn.Classes(40, 3, 2);
        double agreed = 0, pairs = 0;
        for (int i = 0; i < 40; i++)
        {
            for (int j = 0; j < i; j++)
            {
                pairs++;
                if (classes[i] == classes[j] == (clusters[i] == clusters[j])) agreed++;
            }
        }
        ClusteringMetrics plain = Of(classes, clusters), renamed = Of([.. classes.Select(i => 9 - i)], [.. clusters.Select(i => (i + 1) % 3)]);
        Assert.Equal(agreed / pairs, plain.RandIndex, 13);
        Assert.Equal(plain.AdjustedRandIndex, renamed.AdjustedRandIndex, 13);
        Assert.Equal(plain.NormalizedMutualInformation(MutualInformationNormalizer.Maximum), renamed.NormalizedMutualInformation(MutualInformationNormalizer.Maximum), 13);
        Assert.Equal(plain.Homogeneity, Of(clusters, classes).Completeness, 13);
        ClusteringAccumulator<string, int> left = new(), right = new();
        for (int i = 0; i < 40; i++) (i < 15 ? left : right).Add($"class {classes[i]}", clusters[i]);
        left.Merge(right);
        Assert.Equal(plain.AdjustedRandIndex, left.Compute().AdjustedRandIndex, 13);
        Assert.Equal(plain.MutualInformation, left.Compute().MutualInformation, 13);
    }

    [Fact]
    public void Trivial_groupings_have_the_references_values()
    {
        ClusteringMetrics same = Of([1, 1, 1], [2, 2, 2]), none = Of([], []), apart = Of([0, 0, 1, 1], [0, 1, 0, 1]);
        Assert.Equal((1, 1, 1, 1, 1), (same.RandIndex, same.AdjustedRandIndex, same.NormalizedMutualInformation(), same.VMeasure(), same.FowlkesMallowsIndex));
        Assert.Equal((1, 1, 1, 1), (none.RandIndex, none.AdjustedRandIndex, none.NormalizedMutualInformation(), none.Homogeneity));
        Assert.Equal((0, 0, 0), (apart.NormalizedMutualInformation(), apart.VMeasure(), apart.FowlkesMallowsIndex));
        Assert.Throws<ArgumentException>(() => Of([1], []));
    }

    private static ClusteringMetrics Of(int[] classes, int[] clusters)
    {
        ClusteringAccumulator<int, int> accumulator = new();
        accumulator.AddRange(classes, clusters);
        return accumulator.Compute();
    }
}
