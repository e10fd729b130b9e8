using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
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
        return SumAndNorm(gradients[0], gradients, pool);
    }

    /// <summary>
    /// Adds gradients to a sum, in their order, sets them to 0, and gives a norm of the sum. The sum may be the first gradient itself, which then stays, and it
    /// may be wider than the gradients (<see cref="FlatParameters.MasterGradients"/>). The result does not depend on the number of threads.
    /// </summary>
    /// <param name="sum">[elements]: what is there already counts.</param>
    /// <param name="gradients">[elements] each, of one dtype, on the device of the sum.</param>
    /// <param name="pool">Threads that share the work; null: the caller's alone.</param>
    /// <param name="power">Which norm: 2 (the default) the Euclidean one, 1 the sum of magnitudes, <see cref="double.PositiveInfinity"/> the largest magnitude, p the p-th root of the sum of p-th powers; greater than 0.</param>
    /// <returns>The norm; not finite if an element is not.</returns>
    public static double SumAndNorm(Tensor sum, IReadOnlyList<Tensor> gradients, ReplicaPool? pool = null, double power = 2)
    {
        Require.NotNull(sum);
        Require.NotNull(gradients);
        Require.Argument(power > 0, FormattableString.Invariant($"power must be greater than 0; received {power}."), nameof(power));
        Require.Argument(gradients.All(gradient => gradient.numel() == sum.numel()), "The gradients must have equal sizes.", nameof(gradients));
        Tensor[] others = [.. gradients.Where(gradient => !ReferenceEquals(gradient, sum))];
        bool isSimple = power is 1 or 2 || double.IsPositiveInfinity(power);
        return isSimple && TensorMemory.IsDenseFloat(sum) && Array.TrueForAll(others, TensorMemory.IsDenseFloat) ? OfMemory(sum, others, pool, power) : Composed(sum, others, power);
    }

    internal static double Composed(Tensor sum, IReadOnlyList<Tensor> others, double power = 2)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        foreach (Tensor other in others)
        {
            sum.add_(other);
            other.zero_();
        }
        if (power == 2) return Math.Sqrt(sum.square().sum(ScalarType.Float64).item<double>());
        if (power == 1) return sum.abs().sum(ScalarType.Float64).item<double>();
        if (double.IsPositiveInfinity(power)) return sum.abs().max().to(ScalarType.Float64).item<double>();
        return Math.Pow(sum.abs().to(ScalarType.Float64).pow(power).sum().item<double>(), 1 / power);
    }

    private static unsafe double OfMemory(Tensor target, Tensor[] others, ReplicaPool? pool, double power)
    {
        nint to = (nint)TensorMemory.Pointer<float>(target);
        nint[] addresses = [.. others.Select(other => (nint)TensorMemory.Pointer<float>(other))];
        long elements = target.numel();
        double[] parts = new double[FlatRanges.Pieces(elements)];
        FlatRanges.ForEach(elements, pool, (piece, first, count) =>
        {
            Span<float> sum = new((float*)to + first, count);
            foreach (nint address in addresses)
            {
                Span<float> other = new((float*)address + first, count);
                TensorPrimitives.Add(sum, other, sum);
                other.Clear();
            }
            parts[piece] = power switch
            {
                1 => TensorPrimitives.SumOfMagnitudes<float>(sum),
                2 => TensorPrimitives.SumOfSquares<float>(sum),
                _ => Math.Abs((double)TensorPrimitives.MaxMagnitude<float>(sum)),
            };
        });
        double total = 0;
        foreach (double part in parts) total = double.IsPositiveInfinity(power) ? Math.Max(total, part) : total + part;
        return power == 2 ? Math.Sqrt(total) : total;
    }
}
