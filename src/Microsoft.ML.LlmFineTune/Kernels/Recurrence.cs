using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// The steps of one recurrent layer in one direction, gates and their order as torch has them: LSTM input, forget, cell, output; GRU reset, update, new.
/// The input's part of all steps is one matrix product of the caller's; what is left for each step is one product with the last state and the cell itself.
/// </summary>
public static class Recurrence
{
    /// <summary>How many times the width a cell's matrices have rows.</summary>
    public static int GatesOf(RecurrentCell cell) => cell switch
    {
        RecurrentCell.Lstm => 4,
        RecurrentCell.Gru => 3,
        _ => 1,
    };

    /// <summary>Whether a cell has a memory besides its state.</summary>
    public static bool HasMemory(RecurrentCell cell) => cell == RecurrentCell.Lstm;

    /// <summary>Takes all steps.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="inputs">[sequence, batch, gates * width]: the input's part of the gates, its bias included.</param>
    /// <param name="weight">[gates * width, width]: from the last state to the gates.</param>
    /// <param name="bias">[gates * width], added to what <paramref name="weight"/> gives; null for none.</param>
    /// <param name="hidden">[batch, width]: the state before the first step.</param>
    /// <param name="memory">[batch, width]: the memory before the first step; null for cells that have none.</param>
    /// <param name="mask">[batch, sequence] bool: steps that are false change neither state nor memory, whatever their input; null: all are real.</param>
    /// <param name="reverse">Whether the last step of the sequence is taken first.</param>
    /// <returns>[sequence, batch, width]: the state after each step; [batch, width]: the memory after the last step that was taken, or null. Differentiable in everything but the mask.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit each other; the message says how.</exception>
    public static (Tensor States, Tensor? Memory) Apply(RecurrentCell cell, Tensor inputs, Tensor weight, Tensor? bias, Tensor hidden, Tensor? memory, Tensor? mask = null, bool reverse = false)
    {
        Require.NotNull(inputs);
        Require.NotNull(weight);
        Require.NotNull(hidden);
        Require.Argument(inputs.dim() == 3, $"inputs must be [sequence, batch, gates * width]; received [{string.Join(", ", inputs.shape)}].", nameof(inputs));
        (long sequence, long batch, long width) = (inputs.size(0), inputs.size(1), hidden.size(-1));
        long rows = GatesOf(cell) * width;
        RequireShape(inputs, nameof(inputs), sequence, batch, rows);
        RequireShape(weight, nameof(weight), rows, width);
        if (bias is not null) RequireShape(bias, nameof(bias), rows);
        RequireShape(hidden, nameof(hidden), batch, width);
        Require.Argument(HasMemory(cell) == memory is not null, $"A cell of the kind {cell} {(memory is null ? "needs" : "has no")} memory.", nameof(memory));
        if (memory is not null) RequireShape(memory, nameof(memory), batch, width);
        if (mask is not null) RequireShape(mask, nameof(mask), batch, sequence);

        Tensor stacked = KernelGradients.Fit(inputs, weight, bias, hidden, memory)
            ? RecurrenceFunction.apply(inputs, weight, bias!, hidden, memory!, new RecurrencePlan(cell, reverse, mask is null ? null : Flags(mask), Keeps: is_grad_enabled()))
            : Composed(cell, inputs, weight, bias, hidden, memory, mask, reverse);
        return memory is null ? (stacked, null) : (stacked.narrow(0, 0, sequence), stacked.select(0, sequence));
    }

    /// <summary>States and, for cells that have one, the last memory behind them: [sequence (+ 1), batch, width].</summary>
    internal static Tensor Composed(RecurrentCell cell, Tensor inputs, Tensor weight, Tensor? bias, Tensor hidden, Tensor? memory, Tensor? mask, bool reverse)
    {
        int sequence = (int)inputs.size(0);
        Tensor[] states = new Tensor[sequence];
        for (int step = 0; step < sequence; step++)
        {
            int place = reverse ? sequence - 1 - step : step;
            (Tensor next, Tensor? nextMemory) = Step(cell, inputs.select(0, place), F.linear(hidden, weight, bias), hidden, memory);   // [batch, width] each
            if (mask is not null)
            {
                Tensor real = mask.select(1, place).unsqueeze(1);   // [batch, 1]
                next = where(real, next, hidden);
                if (memory is not null) nextMemory = where(real, nextMemory!, memory);
            }
            (hidden, memory) = (next, nextMemory);
            states[place] = hidden;
        }
        Tensor all = stack(states, 0);
        return memory is null ? all : cat([all, memory.unsqueeze(0)], 0);
    }

    private static (Tensor Hidden, Tensor? Memory) Step(RecurrentCell cell, Tensor input, Tensor product, Tensor hidden, Tensor? memory)
    {
        switch (cell)
        {
            case RecurrentCell.Lstm:
                Tensor[] gates = (input + product).chunk(4, 1);
                Tensor next = (gates[1].sigmoid() * memory!) + (gates[0].sigmoid() * gates[2].tanh());
                return (gates[3].sigmoid() * next.tanh(), next);
            case RecurrentCell.Gru:
                (Tensor[] given, Tensor[] kept) = (input.chunk(3, 1), product.chunk(3, 1));
                Tensor update = (given[1] + kept[1]).sigmoid();
                Tensor candidate = (given[2] + ((given[0] + kept[0]).sigmoid() * kept[2])).tanh();
                return (candidate + (update * (hidden - candidate)), null);
            default:
                Tensor sum = input + product;
                return (cell == RecurrentCell.Relu ? sum.relu() : sum.tanh(), null);
        }
    }

    private static bool[] Flags(Tensor mask)
    {
        using Tensor dense = mask.cpu().contiguous();
        return [.. dense.data<bool>()];
    }

    private static void RequireShape(Tensor tensor, string name, params long[] shape) =>
        Require.Argument(tensor.shape.SequenceEqual(shape), $"{name} must be [{string.Join(", ", shape)}]; received [{string.Join(", ", tensor.shape)}].", name);
}
