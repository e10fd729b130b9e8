using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Keys and values of the positions that a decoder has already read, for every layer, so that each further token costs one position.
/// The memory is allocated once. It serves inference: nothing in it has gradients.
/// </summary>
public sealed class KvCache : KeyValueStore
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private long _batch;
    private long _length;
    private long _virtual;
    private long _capacity;

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
        _capacity = Require.AtLeast(capacity, 1);
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
    public override long Capacity => _capacity - _virtual;

    /// <inheritdoc/>
    public override long Length => Math.Max(0, _length - _virtual);

    /// <inheritdoc/>
    public override long Virtual => _virtual;

    /// <inheritdoc/>
    public override bool CanCutBack => true;

    /// <inheritdoc/>
    /// <returns>[batch, heads, <see cref="Virtual"/> + <see cref="Length"/> + new positions, headSize], views of the cache.</returns>
    public override (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        long added = keys.size(2);
        Require.State(_length + added <= _capacity, $"The key-value cache holds {_capacity} positions; {_length} are taken and {added} more do not fit. Create a larger cache, or call Clear and read a shorter context.");
        Store(_keys[layer], keys);
        Store(_values[layer], values);
        return (_keys[layer].narrow(2, 0, _length + added), _values[layer].narrow(2, 0, _length + added));

        void Store(Tensor memory, Tensor part)
        {
            using Tensor place = memory.narrow(2, _length, added);
            place.copy_(part.detach());
        }
    }

    /// <summary>All keys and values of one layer so far.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <returns>[batch, heads, <see cref="Virtual"/> + <see cref="Length"/>, headSize], views of the cache.</returns>
    public (Tensor Keys, Tensor Values) Read(int layer) => (_keys[layer].narrow(2, 0, _length), _values[layer].narrow(2, 0, _length));

    /// <summary>Layers, heads, and numbers a head.</summary>
    internal (int Layers, long Heads, long HeadSize) Shape => (_keys.Length, _keys[0].size(1), _keys[0].size(3));

    /// <summary>Positions of any kind that are stored.</summary>
    internal long Stored => _length;

    /// <summary>Makes room for virtual tokens, which callers do not count, before the first position is read.</summary>
    /// <param name="tokens">How many; at least 1.</param>
    /// <exception cref="InvalidOperationException">Something has been read.</exception>
    internal void MakeRoom(long tokens)
    {
        Require.State(_length == 0, $"Virtual tokens stand before all others; the key-value cache has {_length} positions already. Call Clear first.");
        Require.AtLeast(tokens, 1);
        if (_virtual == tokens) return;
        _capacity += tokens - _virtual;
        _virtual = tokens;
        foreach (Tensor[] memory in (Tensor[][])[_keys, _values])
        {
            for (int layer = 0; layer < memory.Length; layer++)
            {
                using Tensor old = memory[layer];
                memory[layer] = zeros([old.size(0), old.size(1), _capacity, old.size(3)], dtype: old.dtype, device: old.device).DetachFromDisposeScope();
            }
        }
    }

    /// <summary>Stores the keys and values of virtual tokens before everything else.</summary>
    internal void Begin(VirtualKeys first)
    {
        MakeRoom(first.Virtual);
        for (int layer = 0; layer < _keys.Length; layer++)
        {
            (Tensor keys, Tensor values) = first.Of(layer);
            Append(layer, keys, values);
        }
        Advance(first.Virtual);
    }

    /// <inheritdoc/>
    public override void Advance(long positions)
    {
        Require.Within(positions, 0, _capacity - _length);
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
                if (rows.Count == _batch)
                {
                    // Beams change places at every step: only what has been read moves.
                    using Tensor read = memory[layer].narrow(2, 0, _length);
                    using Tensor chosen = read.index_select(0, index);
                    read.copy_(chosen);
                    continue;
                }
                using Tensor all = memory[layer];
                memory[layer] = all.index_select(0, index).DetachFromDisposeScope();
            }
        }
        _batch = rows.Count;
    }

    /// <inheritdoc/>
    public override void CutBack(long length)
    {
        if (Require.Within(length, 0, Length) < Length) _length = length + _virtual;
    }

    /// <inheritdoc/>
    public override void Clear() => _length = 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (Tensor tensor in _keys) tensor.Dispose();
        foreach (Tensor tensor in _values) tensor.Dispose();
    }
}
