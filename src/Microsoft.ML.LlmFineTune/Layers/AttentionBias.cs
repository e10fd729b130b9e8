using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>What is added to attention scores before the softmax: 0 where a query may look, the lowest finite number where it may not.</summary>
/// <remarks>
/// Finite, not minus infinity: a padded position has no key that it may see, and a row of minus infinities would turn into NaN and
/// spread from there. This way the row is uniform, finite and unused.
/// </remarks>
public static class AttentionBias
{
    /// <summary>The bias of causal attention: a query sees the keys up to its own position that are not padding.</summary>
    /// <param name="queries">Positions that ask; the last ones of all.</param>
    /// <param name="keys">Positions that may be seen; at least <paramref name="queries"/>.</param>
    /// <param name="mask">[batch, keys] bool, false for padding; null when nothing is padded.</param>
    /// <param name="device">Device of the result.</param>
    /// <param name="dtype">Type of the result.</param>
    /// <returns>[queries, keys], or with a mask [batch, 1, queries, keys].</returns>
    public static Tensor Causal(long queries, long keys, Tensor? mask, Device? device, ScalarType dtype)
    {
        double barred = Barred(dtype);
        using Tensor everything = full([queries, keys], barred, dtype: dtype, device: device);
        Tensor causal = everything.triu(1 + keys - queries);
        if (mask is null) return causal;
        using (causal)
        using (Tensor padding = mask.logical_not())
        {
            return causal.unsqueeze(0).masked_fill(padding.unsqueeze(1), barred).unsqueeze(1);
        }
    }

    private static double Barred(ScalarType dtype) => dtype switch
    {
        ScalarType.Float16 => -65504,
        ScalarType.BFloat16 => -3.38e38,
        _ => float.MinValue,
    };
}
