using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// What a recurrent model knows of the tokens that it has read: a state for every layer and direction, and an LSTM's memory. It costs the same however long the text was,
/// and cannot be taken back to an earlier token. Nothing in it has gradients.
/// </summary>
public sealed class RecurrentState : DecoderCache
{
    private readonly Tensor[] _hidden;
    private readonly Tensor[] _memory;
    private long _batch;
    private long _length;

    /// <summary>The state before the first token: zeros.</summary>
    /// <param name="widths">Size of the state of each layer and direction, in torch's order: a layer's direction from the left, then the one from the right, then the next layer.</param>
    /// <param name="hasMemory">Whether the cells have a memory.</param>
    /// <param name="batch">Rows.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="dtype">Type of the model's weights.</param>
    public RecurrentState(IReadOnlyList<int> widths, bool hasMemory, long batch, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        Require.Argument(Require.NotNull(widths).Count > 0, "A recurrent state needs at least one layer; received none.", nameof(widths));
        _batch = Require.AtLeast(batch, 1);
        _hidden = [.. widths.Select(width => zeros([batch, width], dtype: dtype, device: device).DetachFromDisposeScope())];
        _memory = hasMemory ? [.. widths.Select(width => zeros([batch, width], dtype: dtype, device: device).DetachFromDisposeScope())] : [];
    }

    private RecurrentState(Tensor[] hidden, Tensor[] memory, long length) => (_hidden, _memory, _batch, _length) = (hidden, memory, hidden[0].size(0), length);

    /// <summary>[batch, width] for each layer and direction.</summary>
    public IReadOnlyList<Tensor> Hidden => _hidden;

    /// <summary>[batch, width] for each layer and direction of an LSTM; empty for other cells.</summary>
    public IReadOnlyList<Tensor> Memory => _memory;

    /// <inheritdoc/>
    public override long Batch => _batch;

    /// <inheritdoc/>
    /// <remarks>There is no end to it.</remarks>
    public override long Capacity => long.MaxValue;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool CanCutBack => false;

    /// <summary>A copy that lives by itself.</summary>
    public RecurrentState Clone() => new(Array.ConvertAll(_hidden, Own), Array.ConvertAll(_memory, Own), _length);

    /// <summary>Takes over what a model knows after more tokens; gradients end here.</summary>
    /// <param name="hidden">[batch, width] for each layer and direction.</param>
    /// <param name="memory">[batch, width] for each layer and direction, or empty.</param>
    /// <param name="positions">Tokens a row that were read.</param>
    internal void Advance(IReadOnlyList<Tensor> hidden, IReadOnlyList<Tensor> memory, long positions)
    {
        Replace(_hidden, (i, _) => Own(hidden[i]));
        Replace(_memory, (i, _) => Own(memory[i]));
        _length += positions;
    }

    /// <inheritdoc/>
    public override void Keep(IReadOnlyList<int> rows)
    {
        Require.Argument(Require.NotNull(rows).Count > 0, "At least one row of the recurrent state must be kept; received none.", nameof(rows));
        foreach (int row in rows) Require.Below(row, 0, Batch, nameof(rows));
        using Tensor index = tensor(rows.Select(row => (long)row).ToArray(), device: _hidden[0].device);
        Replace(_hidden, (_, old) => old.index_select(0, index).DetachFromDisposeScope());
        Replace(_memory, (_, old) => old.index_select(0, index).DetachFromDisposeScope());
        _batch = rows.Count;
    }

    /// <inheritdoc/>
    public override void CutBack(long length) =>
        throw new NotSupportedException($"A recurrent state cannot forget its last tokens; it was asked to go back from {Length} to {length}. Keep a Clone of the state to go back to, or Clear it and read the text again.");

    /// <inheritdoc/>
    public override void Clear()
    {
        foreach (Tensor tensor in _hidden.Concat(_memory)) tensor.zero_();
        _length = 0;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (Tensor tensor in _hidden.Concat(_memory)) tensor.Dispose();
    }

    /// <summary>A view would keep the states of the whole sequence alive.</summary>
    private static Tensor Own(Tensor tensor)
    {
        using Tensor value = tensor.detach();
        return value.clone().DetachFromDisposeScope();
    }

    private static void Replace(Tensor[] tensors, Func<int, Tensor, Tensor> with)
    {
        for (int i = 0; i < tensors.Length; i++)
        {
            using Tensor old = tensors[i];
            tensors[i] = with(i, old);
        }
    }
}
