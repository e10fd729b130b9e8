using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Causal attention over dense float32 memory, head by head. Backward recomputes the weights from the saved logarithms of their sums.</summary>
internal sealed unsafe class CausalAttentionFunction : autograd.SingleTensorFunction<CausalAttentionFunction>
{
    private const string Heads = "heads";
    private const string LogSums = "sums";

    public override string Name => nameof(CausalAttentionFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor input, int heads) = ((Tensor)vars[0], (int)vars[1]);
        (int batch, int sequence, int width) = Shape(input);
        Tensor output = empty([batch, sequence, width]);
        float[] logSums = GC.AllocateUninitializedArray<float>(batch * heads * sequence);
        AttentionHead head = new(sequence, width / heads, 3 * width, width);
        float* from = TensorMemory.Pointer<float>(input), to = TensorMemory.Pointer<float>(output);
        fixed (float* sums = logSums)
        {
            for (int i = 0; i < batch * heads; i++)
            {
                (long row, int offset) = ((long)(i / heads) * sequence, i % heads * (width / heads));
                float* query = from + (row * 3 * width) + offset;
                head.Forward(query, query + width, query + (2 * width), to + (row * width) + offset, sums + ((long)i * sequence));
            }
        }
        ctx.save_for_backward([input]);
        ctx.save_data(Heads, heads);
        ctx.save_data(LogSums, logSums);
        return output;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        Tensor input = ctx.get_saved_variables()[0];
        int heads = (int)ctx.get_data(Heads);
        if (KernelGradients.NeedDerivatives) return [.. KernelGradients.Composed(inputs => CausalAttention.WrittenOut(inputs[0], heads), [input], grad_output), null!];
        (int batch, int sequence, int width) = Shape(input);
        Tensor dense = KernelGradients.Dense(grad_output), gradient = empty_like(input);
        AttentionHead head = new(sequence, width / heads, 3 * width, width);
        float* from = TensorMemory.Pointer<float>(input), above = TensorMemory.Pointer<float>(dense), to = TensorMemory.Pointer<float>(gradient);
        fixed (float* sums = (float[])ctx.get_data(LogSums))
        {
            for (int i = 0; i < batch * heads; i++)
            {
                (long row, int offset) = ((long)(i / heads) * sequence, i % heads * (width / heads));
                float* query = from + (row * 3 * width) + offset, queryGradient = to + (row * 3 * width) + offset;
                head.Backward(query, query + width, query + (2 * width), above + (row * width) + offset, sums + ((long)i * sequence),
                    queryGradient, queryGradient + width, queryGradient + (2 * width));
            }
        }
        input.Dispose();
        dense.Dispose();
        return KernelGradients.HandOver(gradient, null);
    }

    private static (int Batch, int Sequence, int Width) Shape(Tensor input) => (checked((int)input.size(0)), checked((int)input.size(1)), checked((int)input.size(2) / 3));
}
