using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>What a recurrence does besides its tensors.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Reverse">Whether the last step is taken first.</param>
/// <param name="Mask">[batch, sequence]: false for steps that change nothing; null: all are real.</param>
/// <param name="Keeps">Whether backward may follow.</param>
internal sealed record RecurrencePlan(RecurrentCell Cell, bool Reverse, bool[]? Mask, bool Keeps);

/// <summary>
/// A recurrent layer's steps over dense float32 memory: libtorch multiplies, the cell is ours. Backward goes through the steps once, and takes the weights' gradient
/// of all steps in one product. The result has the states and, behind them, the last memory.
/// </summary>
internal sealed class RecurrenceFunction : autograd.SingleTensorFunction<RecurrenceFunction>
{
    private const string Plan = "plan";
    private const string Present = "present";

    public override string Name => nameof(RecurrenceFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        RecurrencePlan plan = (RecurrencePlan)vars[5];
        return plan.Cell switch
        {
            RecurrentCell.Lstm => Forward<LstmStep>(ctx, vars, plan),
            RecurrentCell.Gru => Forward<GruStep>(ctx, vars, plan),
            RecurrentCell.Relu => Forward<ReluStep>(ctx, vars, plan),
            _ => Forward<TanhStep>(ctx, vars, plan),
        };
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        RecurrencePlan plan = (RecurrencePlan)ctx.get_data(Plan);
        return plan.Cell switch
        {
            RecurrentCell.Lstm => Backward<LstmStep>(ctx, grad_output, plan),
            RecurrentCell.Gru => Backward<GruStep>(ctx, grad_output, plan),
            RecurrentCell.Relu => Backward<ReluStep>(ctx, grad_output, plan),
            _ => Backward<TanhStep>(ctx, grad_output, plan),
        };
    }

    private static unsafe Tensor Forward<TStep>(autograd.AutogradContext ctx, object[] vars, RecurrencePlan plan) where TStep : struct, IRecurrentStep
    {
        (Tensor inputs, Tensor weight, Tensor? bias, Tensor hidden, Tensor? memory) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2], (Tensor)vars[3], (Tensor?)vars[4]);
        using IDisposable withoutGradients = no_grad();
        Sizes sizes = new(inputs, weight);
        // The states before the first step and after each: place i holds what step i finds (or leaves, backwards), so a step reads one place and writes its neighbour.
        Tensor states = empty([sizes.Sequence + 1, sizes.Batch, sizes.Width]);
        Tensor? memories = memory is null ? null : empty([sizes.Sequence + 1, sizes.Batch, sizes.Width]);
        int kept = TStep.Kept * sizes.Width, stride = plan.Keeps ? kept : 0;
        // Without backward, every step writes over what the last one kept.
        Tensor? gates = kept == 0 ? null : plan.Keeps ? empty([sizes.Sequence, sizes.Batch, kept]) : empty([kept]);
        float* x = TensorMemory.Pointer<float>(inputs), h = TensorMemory.Pointer<float>(states), c = memories is null ? null : TensorMemory.Pointer<float>(memories), g = gates is null ? null : TensorMemory.Pointer<float>(gates);
        int first = plan.Reverse ? sizes.Sequence : 0, direction = plan.Reverse ? -1 : 1;
        Copy(TensorMemory.Pointer<float>(hidden), h + (first * sizes.Plane), sizes.Plane);
        if (memory is not null) Copy(TensorMemory.Pointer<float>(memory), c + (first * sizes.Plane), sizes.Plane);

        using Tensor transposed = weight.t();   // [width, gates * width]
        for (int from = first; from != sizes.Sequence - first; from += direction)
        {
            (int to, int step) = (from + direction, plan.Reverse ? from - 1 : from);
            using Tensor before = states.select(0, from);                                                          // [batch, width]
            using Tensor product = bias is null ? before.mm(transposed) : bias.addmm(before, transposed);          // [batch, gates * width]
            float* p = TensorMemory.Pointer<float>(product);
            for (int row = 0; row < sizes.Batch; row++)
            {
                long source = (from * sizes.Plane) + ((long)row * sizes.Width), target = (to * sizes.Plane) + ((long)row * sizes.Width), place = ((long)step * sizes.Batch) + row;
                if (plan.Mask is not null && !plan.Mask[(row * sizes.Sequence) + step])
                {
                    Copy(h + source, h + target, sizes.Width);
                    if (c is not null) Copy(c + source, c + target, sizes.Width);
                    continue;
                }
                TStep.Forward(x + (place * sizes.Gates), p + ((long)row * sizes.Gates), h + source, c + source, g + (place * stride), h + target, c + target, sizes.Width);
            }
        }

        ctx.save_data(Plan, plan);
        ctx.save_data(Present, (bias is not null, memory is not null));
        if (plan.Keeps) ctx.save_for_backward([.. ((Tensor?[])[inputs, weight, hidden, states, bias, memory, memories, gates]).OfType<Tensor>()]);
        using Tensor after = states.narrow(0, plan.Reverse ? 0 : 1, sizes.Sequence);                               // [sequence, batch, width]
        if (memories is null) return after.clone();
        using Tensor last = memories.narrow(0, sizes.Sequence - first, 1);                                         // [1, batch, width]
        return cat([after, last], 0);
    }

    private static unsafe List<Tensor> Backward<TStep>(autograd.AutogradContext ctx, Tensor gradient, RecurrencePlan plan) where TStep : struct, IRecurrentStep
    {
        (bool hasBias, bool hasMemory) = ((bool, bool))ctx.get_data(Present);
        Queue<Tensor> saved = new(ctx.get_saved_variables());
        (Tensor inputs, Tensor weight, Tensor hidden, Tensor states) = (saved.Dequeue(), saved.Dequeue(), saved.Dequeue(), saved.Dequeue());
        Tensor? bias = hasBias ? saved.Dequeue() : null, memory = hasMemory ? saved.Dequeue() : null, memories = hasMemory ? saved.Dequeue() : null, gates = TStep.Kept > 0 ? saved.Dequeue() : null;
        Sizes sizes = new(inputs, weight);
        if (KernelGradients.NeedDerivatives) return Derivatives(plan, sizes, inputs, weight, bias, hidden, memory, gradient);

        Tensor dense = KernelGradients.Dense(gradient), inputGradient = empty_like(inputs);
        Tensor productGradient = TStep.SplitsGradients ? empty_like(inputs) : inputGradient;
        // What flows to the step before: one buffer is read while the other is written.
        Tensor carried = zeros([sizes.Batch, sizes.Width]), passed = empty([sizes.Batch, sizes.Width]);
        Tensor? memoryGradient = hasMemory ? empty([sizes.Batch, sizes.Width]) : null;
        float* above = TensorMemory.Pointer<float>(dense), dx = TensorMemory.Pointer<float>(inputGradient), dp = TensorMemory.Pointer<float>(productGradient);
        float* h = TensorMemory.Pointer<float>(states), c = memories is null ? null : TensorMemory.Pointer<float>(memories), g = gates is null ? null : TensorMemory.Pointer<float>(gates);
        float* dc = memoryGradient is null ? null : TensorMemory.Pointer<float>(memoryGradient);
        if (hasMemory) Copy(above + (sizes.Sequence * sizes.Plane), dc, sizes.Plane);

        int first = plan.Reverse ? sizes.Sequence : 0, direction = plan.Reverse ? -1 : 1;
        for (int to = sizes.Sequence - first; to != first; to -= direction)
        {
            (int from, int step) = (to - direction, plan.Reverse ? to : to - 1);
            float* dh = TensorMemory.Pointer<float>(carried), pass = TensorMemory.Pointer<float>(passed);
            for (int row = 0; row < sizes.Batch; row++)
            {
                long offset = (long)row * sizes.Width, place = ((long)step * sizes.Batch) + row;
                Add(above + (place * sizes.Width), dh + offset, sizes.Width);
                float* rowInput = dx + (place * sizes.Gates), rowProduct = dp + (place * sizes.Gates);
                if (plan.Mask is not null && !plan.Mask[(row * sizes.Sequence) + step])
                {
                    Copy(dh + offset, pass + offset, sizes.Width);
                    new Span<float>(rowInput, sizes.Gates).Clear();
                    new Span<float>(rowProduct, sizes.Gates).Clear();
                    continue;
                }
                long source = (from * sizes.Plane) + offset, target = (to * sizes.Plane) + offset;
                TStep.Backward(dh + offset, dc + offset, g + (place * TStep.Kept * sizes.Width), h + source, c + source, h + target, c + target, rowInput, rowProduct, pass + offset, sizes.Width);
            }
            using Tensor ofStep = productGradient.select(0, step);      // [batch, gates * width]
            passed.addmm_(ofStep, weight);                              // [batch, width]
            (carried, passed) = (passed, carried);
        }

        using Tensor flat = productGradient.view((long)sizes.Sequence * sizes.Batch, sizes.Gates), flatTransposed = flat.t();
        using Tensor found = states.narrow(0, plan.Reverse ? 1 : 0, sizes.Sequence), flatFound = found.view((long)sizes.Sequence * sizes.Batch, sizes.Width);
        Tensor weightGradient = flatTransposed.mm(flatFound);           // [gates * width, width]
        Tensor? biasGradient = hasBias ? flat.sum(dim: 0L) : null;
        foreach (Tensor? done in (Tensor?[])[dense, passed, TStep.SplitsGradients ? productGradient : null, inputs, weight, hidden, states, bias, memory, memories, gates]) done?.Dispose();
        return KernelGradients.HandOver(inputGradient, weightGradient, biasGradient, carried, memoryGradient, null);
    }

    private static List<Tensor> Derivatives(RecurrencePlan plan, Sizes sizes, Tensor inputs, Tensor weight, Tensor? bias, Tensor hidden, Tensor? memory, Tensor gradient)
    {
        Tensor? mask = plan.Mask is null ? null : tensor(plan.Mask, [sizes.Batch, sizes.Sequence]);
        Tensor[] all = [.. ((Tensor?[])[inputs, weight, hidden, bias, memory]).OfType<Tensor>()];
        Queue<Tensor> found = new(KernelGradients.Composed(
            given => Recurrence.Composed(plan.Cell, given[0], given[1], bias is null ? null : given[3], given[2], memory is null ? null : given[^1], mask, plan.Reverse), all, gradient));
        (Tensor ofInputs, Tensor ofWeight, Tensor ofHidden) = (found.Dequeue(), found.Dequeue(), found.Dequeue());
        return [ofInputs, ofWeight, bias is null ? null! : found.Dequeue(), ofHidden, memory is null ? null! : found.Dequeue(), null!];
    }

    private static unsafe void Copy(float* from, float* to, long count) => Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));

    private static unsafe void Add(float* from, float* to, int count)
    {
        for (int i = 0; i < count; i += Lanes.Count) Lanes.Store(Lanes.Load(from + i, count - i) + Lanes.Load(to + i, count - i), to + i, count - i);
    }

    /// <summary>The numbers that fix where everything lies.</summary>
    private readonly struct Sizes(Tensor inputs, Tensor weight)
    {
        public int Sequence { get; } = checked((int)inputs.size(0));

        public int Batch { get; } = checked((int)inputs.size(1));

        public int Gates { get; } = checked((int)weight.size(0));

        public int Width { get; } = checked((int)weight.size(1));

        /// <summary>Elements of one step's states.</summary>
        public long Plane => (long)Batch * Width;
    }
}
