using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>What the layers of an encoder share during one forward pass: padding, the mode, and the attention biases that follow from them.</summary>
public sealed class EncoderContext : IDisposable
{
    private readonly long _keys;
    private int _layer;
    private readonly Dictionary<long, Tensor?> _biases = [];
    private readonly Lazy<int[]?> _lengths;
    private bool _isOver;

    /// <summary>Checks the inputs of a forward pass against each other.</summary>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <param name="training">Whether the model is in training mode.</param>
    /// <param name="maximumLength">How many positions the model knows; null: any number.</param>
    /// <param name="segments">[batch, sequence] int64; null for none.</param>
    /// <param name="first">Keys and values of virtual tokens before the text, which the mask counts; null for none.</param>
    /// <exception cref="ArgumentException">Shapes or types do not fit each other.</exception>
    public EncoderContext(Tensor tokens, Tensor? mask, bool training, long? maximumLength, Tensor? segments = null, VirtualKeys? first = null)
    {
        Require.NotNull(tokens);
        Require.Argument(tokens.dim() == 2 && tokens.dtype == ScalarType.Int64, $"tokens must be [batch, sequence] of Int64; received [{string.Join(", ", tokens.shape)}] of {tokens.dtype}.", nameof(tokens));
        (long batch, long length) = (tokens.size(0), tokens.size(1));
        _keys = length + (first?.Virtual ?? 0);
        First = first;
        Require.Argument(batch > 0 && length > 0, $"tokens must have at least one row and one column; received [{batch}, {length}].", nameof(tokens));
        Require.Argument(maximumLength is null || _keys <= maximumLength, $"The model knows {maximumLength} positions; received {_keys}{(first is null ? "" : ", virtual ones included")}. Cut the text or take a model with more positions.", nameof(tokens));
        Require.Argument(mask is null || (mask.dtype == ScalarType.Bool && mask.shape.SequenceEqual([batch, _keys])), $"mask must be [{batch}, {_keys}] of Bool; received [{string.Join(", ", mask?.shape ?? [])}] of {mask?.dtype}.", nameof(mask));
        Require.Argument(segments is null || (segments.dtype == ScalarType.Int64 && segments.shape.SequenceEqual(tokens.shape)),
            $"segments must be [{batch}, {length}] of Int64; received [{string.Join(", ", segments?.shape ?? [])}] of {segments?.dtype}.", nameof(segments));
        (Mask, Training) = (mask, training);
        _lengths = new Lazy<int[]?>(() => mask is null ? [] : LengthsOf(mask));
    }

    private EncoderContext(EncoderContext before, Tensor? mask)
    {
        (_keys, Training, Mask, _isOver) = (before._keys, before.Training, mask, true);
        _lengths = before._lengths.IsValueCreated ? before._lengths : new Lazy<int[]?>(() => mask is null ? [] : LengthsOf(mask));
    }

    /// <summary>Keys and values of virtual tokens before the text; null for none.</summary>
    public VirtualKeys? First { get; }

    /// <summary>[batch, virtual tokens + sequence] bool, false for padding; null when nothing is padded.</summary>
    public Tensor? Mask { get; }

    /// <summary>Whether the model is in training mode.</summary>
    public bool Training { get; }

    /// <summary>Whether padding, where there is any, stands on the right of every row.</summary>
    public bool IsPaddedOnTheRight => _lengths.Value is not null;

    /// <summary>[batch]: tokens of each row that are no padding; null when nothing is padded, or not on the right alone.</summary>
    public int[]? Lengths => _lengths.Value is { Length: > 0 } lengths ? lengths : null;

    /// <summary>The bias on attention scores, made at the first call of a forward pass; null when every query may see every key.</summary>
    /// <param name="device">Device of the scores.</param>
    /// <param name="dtype">Type of the scores.</param>
    /// <param name="distance">How far from a query a key may stand, to either side; null: anywhere.</param>
    /// <returns>Broadcasts to [batch, heads, sequence, sequence].</returns>
    public Tensor? Bias(Device device, ScalarType dtype, long? distance = null)
    {
        if (_biases.TryGetValue(distance ?? -1, out Tensor? bias)) return bias;
        bias = AttentionBias.BothSides(_keys, Mask, device, dtype, distance);
        // It serves every layer, so it belongs to none of their scopes; a layer that is computed again has its own.
        return _isOver ? bias : _biases[distance ?? -1] = bias?.DetachFromDisposeScope();
    }

    /// <summary>This context while the forward pass lasts; afterwards, for a layer that is computed again, one that says the same and needs no disposing.</summary>
    /// <param name="mask">The mask, perhaps another tensor of the same numbers.</param>
    internal EncoderContext With(Tensor? mask) => _isOver ? new EncoderContext(this, mask) : this;

    /// <summary>The keys and values of the virtual tokens in the next layer: layers ask for them in their order.</summary>
    internal (Tensor Keys, Tensor Values) NextFirst() => First!.Of(_layer++);

    /// <summary>Ends the forward pass: frees the biases.</summary>
    public void Dispose()
    {
        _isOver = true;
        foreach (Tensor? bias in _biases.Values) bias?.Dispose();
        _biases.Clear();
    }

    /// <summary>Each row's length; null where a row has padding before a token.</summary>
    private static int[]? LengthsOf(Tensor mask)
    {
        using Tensor dense = mask.cpu().contiguous();
        (int rows, int columns) = ((int)dense.size(0), (int)dense.size(1));
        ReadOnlySpan<byte> real = dense.bytes;
        int[] lengths = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<byte> one = real.Slice(row * columns, columns);
            int end = one.IndexOf((byte)0);
            lengths[row] = end < 0 ? columns : end;
            if (one[lengths[row]..].Contains((byte)1)) return null;
        }
        return lengths;
    }
}
