using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>What the layers of a decoder share about the memory, the text that an encoder has read, during one forward pass.</summary>
public sealed class MemoryContext : IDisposable
{
    private Tensor? _bias;
    private bool _isOver;

    /// <summary>Checks the inputs of a forward pass against each other.</summary>
    /// <param name="tokens">[batch, target]: the new tokens of the target.</param>
    /// <param name="memory">[batch, source, width], from the encoder.</param>
    /// <param name="mask">[batch, source] bool, false for padding; null when nothing is padded.</param>
    /// <param name="cache">What the decoder keeps; null for nothing.</param>
    /// <param name="width">Size of the encoder's hidden states.</param>
    /// <exception cref="ArgumentException">Shapes or types do not fit each other.</exception>
    public MemoryContext(Tensor tokens, Tensor memory, Tensor? mask, EncoderDecoderCache? cache, long width)
    {
        Require.NotNull(tokens);
        Require.NotNull(memory);
        long batch = tokens.size(0);
        Require.Argument(memory.dim() == 3 && memory.size(0) == batch && memory.size(1) > 0 && memory.size(2) == width,
            $"memory must be [{batch}, source, {width}], what Encode gives for as many rows as tokens have; received [{string.Join(", ", memory.shape)}].", nameof(memory));
        long source = memory.size(1);
        Require.Argument(mask is null || (mask.dtype == ScalarType.Bool && mask.dim() == 2 && mask.size(0) == batch && mask.size(1) == source),
            $"memoryMask must be [{batch}, {source}] of Bool; received [{string.Join(", ", mask?.shape ?? [])}] of {mask?.dtype}.", nameof(mask));
        Require.Argument(cache is null || cache.MemoryLength == 0 || cache.MemoryLength == source,
            $"The cache keeps a memory of {cache?.MemoryLength} positions; received one of {source}. Call Clear before another source is read.", nameof(cache));
        (Memory, Cache, Mask) = (memory, cache, mask);
    }

    private MemoryContext(Tensor memory, Tensor? mask) => (Memory, Mask, _isOver) = (memory, mask, true);

    /// <summary>[batch, source, width].</summary>
    public Tensor Memory { get; }

    /// <summary>[batch, source] bool, false for padding; null when nothing is padded.</summary>
    public Tensor? Mask { get; }

    /// <summary>What the decoder keeps; null for nothing.</summary>
    public EncoderDecoderCache? Cache { get; }

    /// <summary>The bias on attention scores, made at the first call of a forward pass; null when nothing is padded.</summary>
    /// <param name="device">Device of the scores.</param>
    /// <param name="dtype">Type of the scores.</param>
    /// <returns>[batch, 1, 1, source], or null.</returns>
    public Tensor? Bias(Device device, ScalarType dtype)
    {
        if (_bias is not null) return _bias;
        Tensor? bias = AttentionBias.BothSides(Memory.size(1), Mask, device, dtype);
        // It serves every layer, so it belongs to none of their scopes; a layer that is computed again has its own.
        return _isOver ? bias : _bias = bias?.DetachFromDisposeScope();
    }

    /// <summary>This context while the forward pass lasts; afterwards, for a layer that is computed again, one that says the same and needs no disposing.</summary>
    /// <param name="memory">The memory, perhaps another tensor of the same numbers.</param>
    /// <param name="mask">Its mask, likewise.</param>
    internal MemoryContext With(Tensor memory, Tensor? mask) => _isOver || !ReferenceEquals(memory, Memory) ? new MemoryContext(memory, mask) : this;

    /// <summary>Ends the forward pass: frees the bias.</summary>
    public void Dispose()
    {
        _isOver = true;
        _bias?.Dispose();
        _bias = null;
    }
}
