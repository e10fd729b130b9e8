using Microsoft.ML.LlmFineTune.Runtime;
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
    /// <param name="window">How many keys a query may see, its own position and those before it; null: all before it.</param>
    /// <param name="documents">[batch, keys] int64: a query sees the keys of its own document only, with as many queries as keys; null: of all.</param>
    /// <returns>[queries, keys], or with a mask or documents [batch, 1, queries, keys].</returns>
    public static Tensor Causal(long queries, long keys, Tensor? mask, Device? device, ScalarType dtype, long? window = null, Tensor? documents = null)
    {
        Require.Argument(mask is null || documents is null, "Packed rows need no mask: padding is a document of its own.", nameof(mask));
        double barred = Barred(dtype);
        using Tensor everything = full([queries, keys], barred, dtype: dtype, device: device);
        Tensor causal = everything.triu(1 + keys - queries);
        if (window is long reach)
        {
            // The two triangles do not meet, so nothing is barred twice.
            using Tensor behind = everything.tril(keys - queries - reach);
            causal.add_(behind);
        }
        if (documents is not null)
        {
            using Tensor everyone = causal, same = SameDocument(documents), others = same.logical_not();
            return everyone.masked_fill(others, barred).unsqueeze(1);
        }
        if (mask is null) return causal;
        using (causal) return WithPadding(causal, mask, barred);
    }

    /// <summary>[batch, length] numbers of documents to [batch, length, length]: whether two tokens belong to the same.</summary>
    internal static Tensor SameDocument(Tensor documents) => documents.unsqueeze(2).eq(documents.unsqueeze(1));

    /// <summary>The bias of attention to both sides: a query sees the keys that are not padding and, with a distance, near enough.</summary>
    /// <param name="length">Positions.</param>
    /// <param name="mask">[batch, length] bool, false for padding; null when nothing is padded.</param>
    /// <param name="device">Device of the result.</param>
    /// <param name="dtype">Type of the result.</param>
    /// <param name="distance">How far from a query a key may stand, to either side; null: anywhere.</param>
    /// <returns>With a mask alone [batch, 1, 1, length], with a distance alone [length, length], with both [batch, 1, length, length]; null when every query may see every key.</returns>
    public static Tensor? BothSides(long length, Tensor? mask, Device? device, ScalarType dtype, long? distance = null)
    {
        double barred = Barred(dtype);
        if (distance is null || distance >= length - 1)
        {
            if (mask is null) return null;
            using Tensor nothing = zeros([1, length], dtype: dtype, device: device);
            return WithPadding(nothing, mask, barred);
        }
        using Tensor everything = full([length, length], barred, dtype: dtype, device: device);
        using Tensor before = everything.tril(-1 - distance.Value);
        Tensor local = everything.triu(1 + distance.Value).add_(before);
        if (mask is null) return local;
        using (local) return WithPadding(local, mask, barred);
    }

    /// <summary>[queries, keys] and [batch, keys] to [batch, 1, queries, keys].</summary>
    private static Tensor WithPadding(Tensor bias, Tensor mask, double barred)
    {
        using Tensor padding = mask.logical_not();
        return bias.unsqueeze(0).masked_fill(padding.unsqueeze(1), barred).unsqueeze(1);
    }

    /// <summary>The lowest finite number that scores of a type are given where a query may not look.</summary>
    internal static double Barred(ScalarType dtype) => dtype switch
    {
        ScalarType.Float16 => -65504,
        ScalarType.BFloat16 => -3.38e38,
        _ => float.MinValue,
    };
}
