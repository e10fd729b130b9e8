using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Similarities of embeddings, summed in doubles.</summary>
public static class Similarity
{
    private const double LeastLength = 1e-12;

    /// <summary>How alike two embeddings are.</summary>
    /// <param name="a">[width].</param>
    /// <param name="b">[width].</param>
    /// <param name="function">The measure. Default cosine.</param>
    /// <exception cref="ArgumentException">The widths differ.</exception>
    public static double Of(ReadOnlySpan<float> a, ReadOnlySpan<float> b, SimilarityFunction function = SimilarityFunction.Cosine)
    {
        if (a.Length != b.Length) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Both embeddings must have the same width; received {a.Length} and {b.Length}."), nameof(b));
        (double product, double lengthA, double lengthB, double squares, double distances) = (0, 0, 0, 0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            (double x, double y) = (a[i], b[i]);
            product += x * y;
            lengthA += x * x;
            lengthB += y * y;
            squares += (x - y) * (x - y);
            distances += Math.Abs(x - y);
        }
        return function switch
        {
            SimilarityFunction.Cosine => product / (Math.Max(Math.Sqrt(lengthA), LeastLength) * Math.Max(Math.Sqrt(lengthB), LeastLength)),
            SimilarityFunction.Dot => product,
            SimilarityFunction.Euclidean => -Math.Sqrt(squares),
            SimilarityFunction.Manhattan => -distances,
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "The function must be one of Cosine, Dot, Euclidean and Manhattan."),
        };
    }

    /// <summary>Similarities of every embedding of one list with every one of another.</summary>
    /// <param name="a">Embeddings [width].</param>
    /// <param name="b">Embeddings [width].</param>
    /// <param name="function">The measure. Default cosine.</param>
    /// <returns>[a, b].</returns>
    /// <exception cref="ArgumentException">The widths differ.</exception>
    public static double[,] Matrix(IReadOnlyList<float[]> a, IReadOnlyList<float[]> b, SimilarityFunction function = SimilarityFunction.Cosine)
    {
        double[,] similarities = new double[Require.NotNull(a).Count, Require.NotNull(b).Count];
        for (int i = 0; i < a.Count; i++)
        {
            for (int j = 0; j < b.Count; j++) similarities[i, j] = Of(a[i], b[j], function);
        }
        return similarities;
    }
}
