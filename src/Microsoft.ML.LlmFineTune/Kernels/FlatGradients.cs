using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Gradients of replicas become one, and its length.</summary>
public static class FlatGradients
{
    /// <summary>
    /// Adds the gradients of all replicas up into the first, in their order, sets the others to 0, and gives the Euclidean norm of the sum.
    /// The result does not depend on the number of threads.
    /// </summary>
    /// <param name="gradients">[elements] each, of one dtype and device; at least one.</param>
    /// <param name="pool">Threads that share the work; null: the caller's alone.</param>
    /// <returns>The norm; not finite if an element is not.</returns>
    public static double SumAndNorm(IReadOnlyList<Tensor> gradients, ReplicaPool? pool = null)
    {
        Require.NotNull(gradients);
        Require.Argument(gradients.Count > 0, "At least one gradient is required; received none.", nameof(gradients));
        Require.Argument(gradients.All(gradient => gradient.numel() == gradients[0].numel()), "The gradients must have equal sizes.", nameof(gradients));
        return gradients.All(TensorMemory.IsDenseFloat) ? OfMemory(gradients, pool) : Composed(gradients);
    }

    internal static double Composed(IReadOnlyList<Tensor> gradients)
    {
        using IDisposable noGradients = no_grad();
        foreach (Tensor other in gradients.Skip(1))
        {
            gradients[0].add_(other);
            other.zero_();
        }
        using Tensor squares = gradients[0].square();
        using Tensor sum = squares.sum(ScalarType.Float64);
        return Math.Sqrt(sum.item<double>());
    }

    private static unsafe double OfMemory(IReadOnlyList<Tensor> gradients, ReplicaPool? pool)
    {
        nint[] addresses = gradients.Select(gradient => (nint)TensorMemory.Pointer<float>(gradient)).ToArray();
        long elements = gradients[0].numel();
        double[] squares = new double[FlatRanges.Pieces(elements)];
        FlatRanges.ForEach(elements, pool, (piece, first, count) =>
        {
            Span<float> sum = new((float*)addresses[0] + first, count);
            for (int i = 1; i < addresses.Length; i++)
            {
                Span<float> other = new((float*)addresses[i] + first, count);
                TensorPrimitives.Add(sum, other, sum);
                other.Clear();
            }
            squares[piece] = TensorPrimitives.SumOfSquares<float>(sum);
        });
        double total = 0;
        foreach (double square in squares) total += square;
        return Math.Sqrt(total);
    }
}
