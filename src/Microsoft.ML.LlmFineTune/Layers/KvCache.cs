using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Keys and values of the positions that a decoder has already read, for every layer, so that each further token costs one position.
/// The memory is allocated once. It serves inference: nothing in it has gradients.
/// </summary>
public sealed class KvCache : DecoderCache
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private long _batch;
    private long _length;

    /// <summary>Allocates the memory.</summary>
    /// <param name="layers">Layers of the model.</param>
    /// <param name="batch">Rows of the batch.</param>
    /// <param name="heads">Heads that keys and values have.</param>
    /// <param name="capacity">Positions that fit.</param>
    /// <param name="headSize">Numbers a head.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="dtype">Type of the model's weights.</param>
    public KvCache(int layers, long batch, long heads, long capacity, long headSize, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        Require.AtLeast(layers, 1);
        _batch = Require.AtLeast(batch, 1);
        Capacity = Require.AtLeast(capacity, 1);
        _keys = new Tensor[layers];
        _values = new Tensor[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            _keys[layer] = zeros([batch, heads, capacity, headSize], dtype: dtype, device: device).DetachFromDisposeScope();
            _values[layer] = zeros([batch, heads, capacity, headSize], dtype: dtype, device: device).DetachFromDisposeScope();
        }
    }

    /// <inheritdoc/>
    public override long Batch => _batch;

    /// <inheritdoc/>
    public override long Capacity { get; }

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool CanCutBack => true;

    /// <summary>Stores the keys and values of new positions of one layer and gives all so far.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="keys">[batch, heads, new positions, headSize].</param>
    /// <param name="values">The shape of <paramref name="keys"/>.</param>
    /// <returns>[batch, heads, <see cref="Length"/> + new positions, headSize], views of the cache.</returns>
    /// <exception cref="InvalidOperationException">The positions do not fit.</exception>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        long added = keys.size(2);
        Require.State(Length + added <= Capacity, $"The key-value cache holds {Capacity} positions; {Length} are taken and {added} more do not fit. Create a larger cache, or call Clear and read a shorter context.");
        Store(_keys[layer], keys);
        Store(_values[layer], values);
        return (_keys[layer].narrow(2, 0, Length + added), _values[layer].narrow(2, 0, Length + added));

        void Store(Tensor memory, Tensor part)
        {
            using Tensor place = memory.narrow(2, Length, added);
            place.copy_(part.detach());
        }
    }

    /// <summary>Counts positions as read; the model calls it when all of its layers have stored them.</summary>
    public void Advance(long positions)
    {
        Require.Within(positions, 0, Capacity - Length);
        _length += positions;
    }

    /// <inheritdoc/>
    public override void Keep(IReadOnlyList<int> rows)
    {
        Require.Argument(Require.NotNull(rows).Count > 0, "At least one row of the key-value cache must be kept; received none.", nameof(rows));
        foreach (int row in rows) Require.Below(row, 0, Batch, nameof(rows));
        using Tensor index = tensor(rows.Select(row => (long)row).ToArray(), device: _keys[0].device);
        foreach (Tensor[] memory in (Tensor[][])[_keys, _values])
        {
            for (int layer = 0; layer < memory.Length; layer++)
            {
                using Tensor all = memory[layer];
                memory[layer] = all.index_select(0, index).DetachFromDisposeScope();
            }
        }
        _batch = rows.Count;
    }

    /// <inheritdoc/>
    public override void CutBack(long length) => _length = Require.Within(length, 0, Length);

    /// <inheritdoc/>
    public override void Clear() => _length = 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (Tensor tensor in _keys) tensor.Dispose();
        foreach (Tensor tensor in _values) tensor.Dispose();
    }
}
