using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Keys and values of positions before those that a decoder reads, for every layer.</summary>
public abstract class KeyValueStore : DecoderCache
{
    /// <summary>Positions of virtual tokens before the first real one: attention sees them, callers do not count them.</summary>
    public abstract long Virtual { get; }

    /// <summary>The keys and values of one layer so far, and those of new positions behind them.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="keys">[batch, heads, new positions, headSize].</param>
    /// <param name="values">The shape of <paramref name="keys"/>.</param>
    /// <returns>[batch, heads, <see cref="Virtual"/> + <see cref="DecoderCache.Length"/> + new positions, headSize].</returns>
    /// <exception cref="InvalidOperationException">The positions do not fit.</exception>
    public abstract (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values);

    /// <summary>Counts positions as read; the model calls it when all of its layers have stored them.</summary>
    public abstract void Advance(long positions);
}
