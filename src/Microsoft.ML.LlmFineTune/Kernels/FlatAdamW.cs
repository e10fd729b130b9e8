using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>One AdamW step over flat tensors (Loshchilov, Hutter: "Decoupled Weight Decay Regularization", 2019).</summary>
public static class FlatAdamW
{
    /// <summary>The numbers of one step.</summary>
    /// <param name="LearningRate">Step size.</param>
    /// <param name="WeightDecay">Decay coefficient, multiplied by the learning rate.</param>
    /// <param name="Beta1">Decay rate of the first moment.</param>
    /// <param name="Beta2">Decay rate of the second moment.</param>
    /// <param name="Epsilon">Added to the denominator.</param>
    /// <param name="Step">Which step this is, from 1: for the bias corrections.</param>
    /// <param name="GradientScale">Multiplies the gradient first: clipping and the division by the step's targets.</param>
    public readonly record struct Coefficients(double LearningRate, double WeightDecay, double Beta1, double Beta2, double Epsilon, long Step, double GradientScale)
    {
        internal double Shrink => 1 - (LearningRate * WeightDecay);
        internal double StepSize => LearningRate / (1 - Math.Pow(Beta1, Step));
        internal double RootScale => 1 / Math.Sqrt(1 - Math.Pow(Beta2, Step));
    }

    /// <summary>Updates weights and moments and sets the gradients to 0.</summary>
    /// <param name="weights">[elements].</param>
    /// <param name="gradients">[elements]; 0 afterwards.</param>
    /// <param name="firstMoment">[elements].</param>
    /// <param name="secondMoment">[elements].</param>
    /// <param name="decayEnd">Weight decay applies to the elements before this index.</param>
    /// <param name="coefficients">The numbers of this step.</param>
    /// <param name="pool">Threads that share the work; null: the caller's alone. The result does not depend on their number.</param>
    public static void Step(Tensor weights, Tensor gradients, Tensor firstMoment, Tensor secondMoment, long decayEnd, Coefficients coefficients, ReplicaPool? pool = null)
    {
        Tensor[] all = [Require.NotNull(weights), Require.NotNull(gradients), Require.NotNull(firstMoment), Require.NotNull(secondMoment)];
        Require.Argument(all.All(tensor => tensor.dim() == 1 && tensor.numel() == weights.numel()), "Weights, gradients and moments must be flat and of one size.");
        Require.Within(decayEnd, 0, weights.numel());
        if (all.All(TensorMemory.IsDenseFloat)) OfMemory(weights, gradients, firstMoment, secondMoment, decayEnd, coefficients, pool);
        else Composed(weights, gradients, firstMoment, secondMoment, decayEnd, coefficients);
    }

    internal static void Composed(Tensor weights, Tensor gradients, Tensor firstMoment, Tensor secondMoment, long decayEnd, Coefficients c)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        weights.narrow(0, 0, decayEnd).mul_(c.Shrink);
        gradients.mul_(c.GradientScale);
        firstMoment.mul_(c.Beta1).add_(gradients, 1 - c.Beta1);
        secondMoment.mul_(c.Beta2).addcmul_(gradients, gradients, 1 - c.Beta2);
        weights.addcdiv_(firstMoment, secondMoment.sqrt().mul_(c.RootScale).add_(c.Epsilon), -c.StepSize);
        gradients.zero_();
    }

    private static unsafe void OfMemory(Tensor weights, Tensor gradients, Tensor firstMoment, Tensor secondMoment, long decayEnd, Coefficients c, ReplicaPool? pool)
    {
        nint w = (nint)TensorMemory.Pointer<float>(weights), g = (nint)TensorMemory.Pointer<float>(gradients);
        nint m = (nint)TensorMemory.Pointer<float>(firstMoment), v = (nint)TensorMemory.Pointer<float>(secondMoment);
        FlatRanges.ForEach(weights.numel(), pool, (_, first, count) =>
        {
            int decayed = (int)Math.Clamp(decayEnd - first, 0, count);
            Range((float*)w + first, (float*)g + first, (float*)m + first, (float*)v + first, decayed, (float)c.Shrink, c);
            first += decayed;
            Range((float*)w + first, (float*)g + first, (float*)m + first, (float*)v + first, count - decayed, 1, c);
        });
    }

    private static unsafe void Range(float* w, float* g, float* m, float* v, int count, float shrink, in Coefficients c)
    {
        float scale = (float)c.GradientScale, beta2 = (float)c.Beta2, gain1 = (float)(1 - c.Beta1), gain2 = (float)(1 - c.Beta2);
        float rootScale = (float)c.RootScale, epsilon = (float)c.Epsilon, stepSize = (float)c.StepSize;
        int i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            Vector512<float> gradient = Vector512.Load(g + i) * scale;
            Vector512<float> first = Vector512.Load(m + i);
            first += (gradient - first) * gain1;
            Vector512<float> second = (Vector512.Load(v + i) * beta2) + (gradient * gradient * gain2);
            Vector512<float> root = (Vector512.Sqrt(second) * rootScale) + Vector512.Create(epsilon);
            ((Vector512.Load(w + i) * shrink) - (first / root * stepSize)).Store(w + i);
            first.Store(m + i);
            second.Store(v + i);
            Vector512<float>.Zero.Store(g + i);
        }
        for (; i < count; i++)
        {
            float gradient = g[i] * scale;
            m[i] += (gradient - m[i]) * gain1;
            v[i] = (v[i] * beta2) + (gradient * gradient * gain2);
            w[i] = (w[i] * shrink) - (m[i] / ((MathF.Sqrt(v[i]) * rootScale) + epsilon) * stepSize);
            g[i] = 0;
        }
    }
}
