using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Causal multi-head self-attention over unpadded sequences, without dropout: the part between the two projections.</summary>
public static partial class CausalAttention
{
    /// <summary>softmax(Q K^T / sqrt(headSize), keys up to the query's position only) V, for each head.</summary>
    /// <param name="queryKeyValue">[batch, sequence, 3 * heads * headSize]: queries, keys and values side by side, each with its heads side by side.</param>
    /// <param name="heads">How many heads.</param>
    /// <returns>[batch, sequence, heads * headSize], differentiable.</returns>
    /// <exception cref="ArgumentException">The last dimension is not a multiple of 3 * heads, or there are not three dimensions.</exception>
    public static Tensor Apply(Tensor queryKeyValue, int heads)
    {
        ArgumentNullException.ThrowIfNull(queryKeyValue);
        if (queryKeyValue.dim() != 3 || heads < 1 || queryKeyValue.shape[2] % (3L * heads) != 0)
            throw new ArgumentException($"queryKeyValue must be [batch, sequence, 3 * heads * headSize] with {heads} heads; received [{string.Join(", ", queryKeyValue.shape)}].", nameof(queryKeyValue));
        return Composed(queryKeyValue, heads);
    }

    internal static Tensor Composed(Tensor queryKeyValue, int heads)
    {
        (long batch, long sequence, long width) = (queryKeyValue.shape[0], queryKeyValue.shape[1], queryKeyValue.shape[2] / 3);
        // [3, batch, heads, sequence, headSize]
        Tensor parts = queryKeyValue.view(batch, sequence, 3, heads, width / heads).permute(2, 0, 3, 1, 4);
        Tensor attended = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true);
        return attended.transpose(1, 2).contiguous().view(batch, sequence, width);
    }
}
