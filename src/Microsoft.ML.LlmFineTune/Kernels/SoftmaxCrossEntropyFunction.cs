using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// Softmax with cross-entropy over dense float32 memory. The gradient for a loss of 1, softmax - one-hot, is made on the way forward, because everything it needs
/// is at hand there; backward multiplies it by what comes from above, which is 1 in training.
/// </summary>
internal sealed unsafe class SoftmaxCrossEntropyFunction : autograd.SingleTensorFunction<SoftmaxCrossEntropyFunction>
{
    private const string IgnoreIndex = "ignore";

    public override string Name => nameof(SoftmaxCrossEntropyFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor logits, Tensor targets, long ignored) = ((Tensor)vars[0], (Tensor)vars[1], (long)vars[2]);
        int rows = checked((int)logits.size(0)), classes = checked((int)logits.size(1));
        long* wanted = TensorMemory.Pointer<long>(targets);
        float* from = TensorMemory.Pointer<float>(logits);
        using Tensor? scratch = logits.requires_grad ? null : empty([classes]);
        Tensor? gradient = logits.requires_grad ? empty_like(logits) : null;
        float* to = TensorMemory.Pointer<float>(gradient ?? scratch!);
        double loss = 0;
        for (int row = 0; row < rows; row++)
        {
            float* target = gradient is null ? to : to + ((long)row * classes);
            if (wanted[row] == ignored)
            {
                if (gradient is not null) new Span<float>(target, classes).Clear();
                continue;
            }
            if ((ulong)wanted[row] >= (ulong)classes)
                throw new ArgumentOutOfRangeException("targets", wanted[row], string.Create(CultureInfo.InvariantCulture, $"Targets must be from 0 to {classes - 1}, or {ignored} to be ignored; received {wanted[row]} in row {row}."));
            loss += Row(from + ((long)row * classes), target, classes, (int)wanted[row], gradient is not null);
        }
        if (gradient is not null) ctx.save_for_backward([gradient, logits, targets]);
        ctx.save_data(IgnoreIndex, ignored);
        return tensor((float)loss);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        List<Tensor> saved = ctx.get_saved_variables();
        if (KernelGradients.NeedDerivatives)
        {
            long ignored = (long)ctx.get_data(IgnoreIndex);
            List<Tensor> composed = KernelGradients.Composed(inputs => SoftmaxCrossEntropy.Composed(inputs[0], saved[2], ignored), [saved[1]], grad_output);
            return [composed[0], null!, null!];
        }
        float above = grad_output.item<float>();
        Tensor gradient = above == 1 ? saved[0] : saved[0] * above;
        foreach (Tensor tensor in saved)
        {
            if (!ReferenceEquals(tensor, gradient)) tensor.Dispose();
        }
        return KernelGradients.HandOver(gradient, null, null);
    }

    /// <returns>log(sum of e^logits) - the target's logit; the row of <paramref name="to"/> becomes softmax, less 1 at the target.</returns>
    private static double Row(float* from, float* to, int classes, int target, bool gradient)
    {
        float highest = TensorPrimitives.Max(new ReadOnlySpan<float>(from, classes));
        Vector512<float> highs = Vector512.Create(highest), sums = Vector512<float>.Zero;
        int i = 0;
        for (; i <= classes - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            Vector512<float> power = VectorMath.Exp(Vector512.Load(from + i) - highs);
            power.Store(to + i);
            sums += power;
        }
        float sum = Vector512.Sum(sums);
        for (; i < classes; i++) sum += to[i] = VectorMath.Exp(Vector512.Create(from[i] - highest)).ToScalar();
        double loss = Math.Log(sum) + highest - from[target];
        if (gradient)
        {
            Span<float> row = new(to, classes);
            TensorPrimitives.Multiply(row, 1 / sum, row);
            to[target] -= 1;
        }
        return loss;
    }
}
