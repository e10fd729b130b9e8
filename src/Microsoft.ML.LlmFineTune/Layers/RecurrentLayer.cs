using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>One recurrent layer in one direction: an input matrix, a state matrix, two biases, as torch has them. Sequences come first, rows second.</summary>
/// <remarks>
/// The library's own operator does the steps: TorchSharp's recurrent modules draw their weights when they are made, cannot be made without memory, and take no other
/// state matrix than their own, which weight drop needs.
/// </remarks>
public sealed class RecurrentLayer : nn.Module
{
    private readonly Parameter inputWeight;
    private readonly Parameter stateWeight;
    private readonly Parameter? inputBias;
    private readonly Parameter? stateBias;
    private readonly RecurrentCell _cell;
    private readonly bool _reverse;
    private readonly Dropout _weightDrop;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="inputWidth">Size of the input; at least 1.</param>
    /// <param name="width">Size of the state; at least 1.</param>
    /// <param name="hasBias">Whether the layer has biases.</param>
    /// <param name="reverse">Whether it reads from the last token to the first.</param>
    /// <param name="weightDrop">Drops numbers of the state matrix, one mask a forward pass (DropConnect: Wan et al., 2013).</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public RecurrentLayer(RecurrentCell cell, long inputWidth, long width, bool hasBias, bool reverse, Dropout weightDrop, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(RecurrentLayer))
    {
        (_cell, _reverse, _weightDrop) = (cell, reverse, Require.NotNull(weightDrop));
        InputWidth = Require.AtLeast(inputWidth, 1);
        Width = Require.AtLeast(width, 1);
        long rows = Recurrence.GatesOf(cell) * width;
        inputWeight = Weights.Uninitialized(device, dtype, rows, inputWidth);
        stateWeight = Weights.Uninitialized(device, dtype, rows, width);
        inputBias = hasBias ? Weights.Uninitialized(device, dtype, rows) : null;
        stateBias = hasBias ? Weights.Uninitialized(device, dtype, rows) : null;
        RegisterComponents();
    }

    /// <summary>Size of the input.</summary>
    public long InputWidth { get; }

    /// <summary>Size of the state.</summary>
    public long Width { get; }

    /// <summary>Draws every weight evenly from -1 / sqrt(width) to 1 / sqrt(width), as torch does.</summary>
    public void Initialize(RandomStream random)
    {
        double bound = 1 / Math.Sqrt(Width);
        foreach (Parameter? parameter in (Parameter?[])[inputWeight, stateWeight, inputBias, stateBias])
        {
            if (parameter is not null) Initialization.Uniform(parameter, random, bound);
        }
    }

    /// <summary>Reads a sequence.</summary>
    /// <param name="input">[sequence, batch, inputWidth].</param>
    /// <param name="hidden">[batch, width]: the state before it.</param>
    /// <param name="memory">[batch, width]: an LSTM's memory before it; null for other cells.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding, which changes nothing; null when nothing is padded.</param>
    /// <returns>The states [sequence, batch, width]; state and memory [batch, width] after the whole sequence.</returns>
    public (Tensor States, Tensor Hidden, Tensor? Memory) Read(Tensor input, Tensor hidden, Tensor? memory, Tensor? mask)
    {
        Tensor inputs = F.linear(input, inputWeight, inputBias);                                             // [sequence, batch, gates * width]
        Tensor weight = _weightDrop.Apply(stateWeight, training);                                            // [gates * width, width]
        (Tensor states, Tensor? last) = Recurrence.Apply(_cell, inputs, weight, stateBias, hidden, memory, mask, _reverse);
        return (states, states.select(0, _reverse ? 0 : states.size(0) - 1), last);
    }
}
