using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Keys and values of virtual tokens, in front of those of one forward pass (Li, Liang: "Prefix-Tuning: Optimizing Continuous Prompts for Generation", 2021). Nothing is remembered, and gradients reach
/// them.
/// </summary>
public sealed class VirtualKeys : KeyValueStore
{
    private readonly Tensor _rows;

    /// <summary>Wraps keys and values.</summary>
    /// <param name="rows">[layers * 2, heads, virtual tokens, headSize]: keys and values of each layer by turns; the caller owns it.</param>
    /// <param name="batch">Rows of the batch, which all have the same virtual tokens.</param>
    public VirtualKeys(Tensor rows, long batch)
    {
        _rows = Require.NotNull(rows);
        Require.Argument(rows.dim() == 4, $"Virtual keys and values must be [layers * 2, heads, tokens, headSize]; received [{string.Join(", ", rows.shape)}].", nameof(rows));
        Batch = Require.AtLeast(batch, 1);
    }

    /// <inheritdoc/>
    public override long Virtual => _rows.size(2);

    /// <inheritdoc/>
    public override long Batch { get; }

    /// <inheritdoc/>
    public override long Capacity => 0;

    /// <inheritdoc/>
    public override long Length => 0;

    /// <inheritdoc/>
    public override bool CanCutBack => false;

    /// <summary>The keys and values of one layer.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <returns>[batch, heads, virtual tokens, headSize] each, without a copy for each row.</returns>
    public (Tensor Keys, Tensor Values) Of(int layer) => (Expanded(2 * layer), Expanded((2 * layer) + 1));

    /// <inheritdoc/>
    public override (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        (Tensor firstKeys, Tensor firstValues) = Of(layer);
        return (cat([firstKeys.to(keys.dtype), keys], 2), cat([firstValues.to(values.dtype), values], 2));
    }

    /// <inheritdoc/>
    public override void Advance(long positions)
    {
    }

    /// <inheritdoc/>
    public override void Keep(IReadOnlyList<int> rows) => throw Forgetful();

    /// <inheritdoc/>
    public override void CutBack(long length) => throw Forgetful();

    /// <inheritdoc/>
    public override void Clear()
    {
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    private static NotSupportedException Forgetful() => new("Virtual keys serve one forward pass and remember nothing. Take the cache that the model's CreateCache gives.");

    private Tensor Expanded(int row)
    {
        Tensor one = _rows.narrow(0, row, 1);                                       // [1, heads, tokens, headSize]
        return one.expand(Batch, one.size(1), one.size(2), one.size(3));
    }
}
