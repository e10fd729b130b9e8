using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class SimilarityTests
{
    [Fact]
    public void By_hand()
    {
        float[] a = [3, 4], b = [4, 3], zero = [0, 0];
        Assert.Equal(0.96, Similarity.Of(a, b), 15);
        Assert.Equal(24, Similarity.Of(a, b, SimilarityFunction.Dot));
        Assert.Equal(-Math.Sqrt(2), Similarity.Of(a, b, SimilarityFunction.Euclidean), 15);
        Assert.Equal(-2, Similarity.Of(a, b, SimilarityFunction.Manhattan));
        Assert.Equal(0, Similarity.Of(a, zero));
        double[,] matrix = Similarity.Matrix([a, zero], [a, b, zero]);
        Assert.Equal((2, 3), (matrix.GetLength(0), matrix.GetLength(1)));
        Assert.Equal(1, matrix[0, 0], 15);
        Assert.Equal(0.96, matrix[0, 1], 15);
        Assert.Throws<ArgumentException>(() => Similarity.Of(a, [1]));
    }

    [Fact]
    public void Correlates_with_scores()
    {
        SimilarityCorrelationAccumulator left = new(), right = new();
        left.Add([1, 0], [1, 0], 5);
        left.Add([1, 0], [1, 1], 3);
        right.Add([1, 0], [0, 1], 1);
        right.Add([1, 0], [-1, 0], 0);
        left.Merge(right);
        Assert.Equal(4, left.Rows);
        foreach (SimilarityFunction function in Enum.GetValues<SimilarityFunction>()) Assert.True(left.Compute(function).Spearman > 0.9);
        Assert.Equal(1, left.Compute().Spearman, 12);
        Assert.StartsWith("Row 4: ", Assert.Throws<ArgumentException>(() => left.Add([1, float.NaN], [1, 0], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => left.Add([1, 0], [1], 1));
        Assert.Equal(4, left.Rows);
    }
}
