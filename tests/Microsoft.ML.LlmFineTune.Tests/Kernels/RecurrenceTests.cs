using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class RecurrenceTests
{
    private const int Sequence = 5, Batch = 3;

    // A row that is real, one that is padded on the right, one on the left and in its midst.
    private static readonly bool[] Real = [true, true, true, true, true, true, true, false, false, false, false, true, false, true, true];

    public RecurrenceTests() => NativeRuntime.Initialize();

    public static TheoryData<RecurrentCell, int, bool, bool, bool> Ways
    {
        get
        {
            TheoryData<RecurrentCell, int, bool, bool, bool> ways = [];
            foreach (RecurrentCell cell in Enum.GetValues<RecurrentCell>())
            {
                // Widths below, at and beyond a vector's.
                foreach ((int width, bool biased, bool masked, bool reverse) in ((int, bool, bool, bool)[])[(3, true, false, false), (16, true, true, false), (21, false, true, true), (40, true, false, true), (5, true, true, true)])
                    ways.Add(cell, width, biased, masked, reverse);
            }
            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_kernel_is_the_formula_and_so_are_its_gradients(RecurrentCell cell, int width, bool biased, bool masked, bool reverse)
    {
        using var scope = NewDisposeScope();
        Tensor? mask = masked ? tensor(Real, [Batch, Sequence]) : null;
        Numbers.SameFunction(x => Run(cell, x, biased, mask, reverse, composed: false), x => Run(cell, x, biased, mask, reverse, composed: true), Inputs(cell, width, biased), 2e-6);
    }

    [Theory]
    [InlineData(RecurrentCell.Tanh)]
    [InlineData(RecurrentCell.Gru)]
    [InlineData(RecurrentCell.Lstm)]
    public void Gradients_of_gradients_are_those_of_the_formula(RecurrentCell cell)
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = Inputs(cell, 4, biased: true);
        Tensor mask = tensor(Real, [Batch, Sequence]);
        Numbers.Close(Second(composed: true), Second(composed: false), 2e-5);

        Tensor Second(bool composed)
        {
            Tensor[] leaves = [.. inputs.Select(Numbers.Leaf)];
            Tensor first = autograd.grad([Run(cell, leaves, biased: true, mask, reverse: true, composed).pow(2).sum()], [leaves[1]], retain_graph: true, create_graph: true)[0];
            return autograd.grad([(first * first).sum()], [leaves[1]])[0];
        }
    }

    [Fact]
    public void Steps_that_are_not_real_change_nothing()
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = Inputs(RecurrentCell.Lstm, 8, biased: true);
        Tensor mask = tensor(Real, [Batch, Sequence]);
        (Tensor states, Tensor? memory) = Recurrence.Apply(RecurrentCell.Lstm, inputs[0], inputs[1], inputs[4], inputs[2], inputs[3], mask);
        Numbers.Close(states[1][1], states[4][1], 0);
        Numbers.Close(inputs[2][2], states[0][2], 0);
        // The real steps of a row alone.
        Tensor alone = inputs[0].narrow(1, 2, 1).index_select(0, tensor([1L, 3, 4]));
        (Tensor expected, Tensor? expectedMemory) = Recurrence.Apply(RecurrentCell.Lstm, alone, inputs[1], inputs[4], inputs[2].narrow(0, 2, 1), inputs[3].narrow(0, 2, 1));
        Numbers.Close(expected[2][0], states[4][2], 1e-6);
        Numbers.Close(expectedMemory![0], memory![2], 1e-6);
    }

    [Fact]
    public void What_is_not_a_number_stays_so()
    {
        using var scope = NewDisposeScope();
        foreach (RecurrentCell cell in Enum.GetValues<RecurrentCell>())
        {
            Tensor[] inputs = Inputs(cell, 4, biased: false);
            inputs[0].fill_(float.NaN);
            Assert.True(Run(cell, inputs, biased: false, mask: null, reverse: false, composed: false).isnan().all().item<bool>(), $"{cell}");
        }
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = Inputs(RecurrentCell.Lstm, 4, biased: true);
        Assert.Contains("weight must be [16, 4]; received [16, 5]", Message(() => Recurrence.Apply(RecurrentCell.Lstm, inputs[0], zeros([16, 5]), inputs[4], inputs[2], inputs[3])), StringComparison.Ordinal);
        Assert.Contains("mask must be [3, 5]; received [5, 3]", Message(() => Recurrence.Apply(RecurrentCell.Lstm, inputs[0], inputs[1], inputs[4], inputs[2], inputs[3], ones([5, 3], dtype: ScalarType.Bool))), StringComparison.Ordinal);
        Assert.Contains("needs memory", Message(() => Recurrence.Apply(RecurrentCell.Lstm, inputs[0], inputs[1], inputs[4], inputs[2], null)), StringComparison.Ordinal);
        Assert.Contains("has no memory", Message(() => Recurrence.Apply(RecurrentCell.Tanh, zeros([5, 3, 4]), zeros([4, 4]), null, inputs[2], inputs[3])), StringComparison.Ordinal);

        static string Message(Action action) => Assert.Throws<ArgumentException>(action).Message;
    }

    /// <summary>Inputs, weight, hidden, then memory and bias where there are.</summary>
    private static Tensor[] Inputs(RecurrentCell cell, int width, bool biased)
    {
        int rows = Recurrence.GatesOf(cell) * width;
        List<Tensor> inputs = [Numbers.Normal(1, Sequence, Batch, rows), Numbers.Normal(2, rows, width) / Math.Sqrt(width), Numbers.Normal(3, Batch, width)];
        if (Recurrence.HasMemory(cell)) inputs.Add(Numbers.Normal(4, Batch, width));
        if (biased) inputs.Add(Numbers.Normal(5, rows));
        return [.. inputs];
    }

    private static Tensor Run(RecurrentCell cell, Tensor[] x, bool biased, Tensor? mask, bool reverse, bool composed)
    {
        Tensor? memory = Recurrence.HasMemory(cell) ? x[3] : null, bias = biased ? x[^1] : null;
        if (composed) return Recurrence.Composed(cell, x[0], x[1], bias, x[2], memory, mask, reverse);
        (Tensor states, Tensor? last) = Recurrence.Apply(cell, x[0], x[1], bias, x[2], memory, mask, reverse);
        return last is null ? states : cat([states, last.unsqueeze(0)], 0);
    }
}
