using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// What the decoder of an encoder-decoder keeps: keys and values of the positions that it has written, and those of the memory, which each layer computes once, at the first reading.
/// </summary>
public sealed class EncoderDecoderCache : DecoderCache
{
    private readonly Func<long, long, KvCache> _create;
    private KvCache? _memory;
    // Which row of the first reading each row stems from: rows of one source have the same keys and values.
    private int[] _sources = [];

    /// <summary>Allocates the memory for the target's positions; what the source needs is allocated at the first reading, when its length is known.</summary>
    /// <param name="layers">Layers of the decoder.</param>
    /// <param name="batch">Rows of the batch.</param>
    /// <param name="heads">Heads of the decoder.</param>
    /// <param name="capacity">Positions of the target that fit.</param>
    /// <param name="headSize">Numbers a head.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="dtype">Type of the model's weights.</param>
    public EncoderDecoderCache(int layers, long batch, long heads, long capacity, long headSize, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        _create = (rows, positions) => new KvCache(layers, rows, heads, positions, headSize, device, dtype);
        Target = _create(batch, capacity);
    }

    /// <summary>Keys and values of the target's positions.</summary>
    public KvCache Target { get; }

    /// <summary>Positions of the memory that all layers have stored; 0 before the first reading.</summary>
    public long MemoryLength => _memory?.Length ?? 0;

    /// <inheritdoc/>
    public override long Batch => Target.Batch;

    /// <inheritdoc/>
    public override long Capacity => Target.Capacity;

    /// <inheritdoc/>
    public override long Length => Target.Length;

    /// <inheritdoc/>
    public override bool CanCutBack => true;

    /// <summary>A cache that a caller gave, as what an encoder-decoder needs.</summary>
    /// <exception cref="ArgumentException">It is a cache of another kind.</exception>
    public static EncoderDecoderCache? Of(DecoderCache? cache) => cache is null or EncoderDecoderCache
        ? (EncoderDecoderCache?)cache
        : throw new ArgumentException($"This model needs an {nameof(EncoderDecoderCache)}; received a {cache.GetType().Name}. Take the cache that the model's CreateCache gives.", nameof(cache));

    /// <summary>The keys and values of the memory in one layer: stored ones, or else new ones, which are stored.</summary>
    /// <param name="layer">The layer, from 0; at the first reading the layers come in their order.</param>
    /// <param name="project">Computes them: [batch, heads, source, headSize] each.</param>
    /// <returns>The shape that <paramref name="project"/> gives.</returns>
    public (Tensor Keys, Tensor Values) Memory(int layer, Func<(Tensor Keys, Tensor Values)> project)
    {
        if (MemoryLength > 0) return _memory!.Read(layer);
        (Tensor keys, Tensor values) = Require.NotNull(project)();
        if (layer == 0)
        {
            // A first reading that was broken off may have left one of another length.
            _memory?.Dispose();
            _memory = _create(keys.size(0), keys.size(2));
            _sources = [.. Enumerable.Range(0, (int)keys.size(0))];
        }
        return _memory!.Append(layer, keys, values);
    }

    /// <summary>Counts positions of the target, and after the first reading those of the memory, as read; the model calls it when all of its layers have stored them.</summary>
    public void Advance(long positions)
    {
        Target.Advance(positions);
        if (_memory is { Length: 0 }) _memory.Advance(_memory.Capacity);
    }

    /// <inheritdoc/>
    public override void Keep(IReadOnlyList<int> rows)
    {
        Target.Keep(rows);
        if (_memory is null) return;
        int[] sources = [.. rows.Select(row => _sources[row])];
        // Beams of one text change places among themselves: their memory stays where it is.
        if (!sources.SequenceEqual(_sources)) _memory.Keep(rows);
        _sources = sources;
    }

    /// <inheritdoc/>
    /// <remarks>Only positions of the target can be forgotten; the memory is kept.</remarks>
    public override void CutBack(long length) => Target.CutBack(length);

    /// <inheritdoc/>
    /// <remarks>The memory's keys and values go, too, with their allocation: another source has another length.</remarks>
    public override void Clear()
    {
        Target.Clear();
        _memory?.Dispose();
        _memory = null;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Target.Dispose();
        _memory?.Dispose();
    }
}
