using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>The Newton-Schulz iteration: a matrix nearly becomes the orthogonal one nearest to it, by products alone.</summary>
internal static class NewtonSchulz
{
    /// <summary>All singular values brought near 1, in the precision of the matrix.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="iterations">Rounds.</param>
    /// <param name="coefficients">The polynomial of a round.</param>
    /// <param name="epsilon">The least norm that the matrix is divided by.</param>
    /// <returns>[rows, columns].</returns>
    public static Tensor Orthogonal(Tensor matrix, int iterations, (double A, double B, double C) coefficients, double epsilon)
    {
        Require.Argument(matrix.dim() == 2, $"A matrix must have two dimensions; received [{string.Join(", ", matrix.shape)}].", nameof(matrix));
        // The products are of the smaller side.
        bool isTall = matrix.size(0) > matrix.size(1);
        Tensor x = matrix / matrix.norm().clamp_min(epsilon);
        if (isTall) x = x.t();
        for (int i = 0; i < iterations; i++)
        {
            using Tensor gram = x.matmul(x.t()), square = gram.matmul(gram), polynomial = gram.mul(coefficients.B).add_(square, coefficients.C);
            Tensor next = polynomial.matmul(x).add_(x, coefficients.A);
            x.Dispose();
            x = next;
        }
        return isTall ? x.t() : x;
    }
}
