using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Causal multi-head self-attention over unpadded sequences, without dropout: the part between the two projections.</summary>
public static class CausalAttention
{
    /// <summary>softmax(Q K^T / sqrt(headSize), keys up to the query's position only) V, for each head.</summary>
    /// <param name="queryKeyValue">[batch, sequence, 3 * heads * headSize]: queries, keys and values side by side, each with its heads side by side.</param>
    /// <param name="heads">How many heads.</param>
    /// <returns>[batch, sequence, heads * headSize], differentiable.</returns>
    /// <exception cref="ArgumentException">The last dimension is not a multiple of 3 * heads, or there are not three dimensions.</exception>
    public static Tensor Apply(Tensor queryKeyValue, int heads)
    {
        Require.NotNull(queryKeyValue);
        Require.AtLeast(heads, 1);
        Require.Argument(queryKeyValue.dim() == 3 && queryKeyValue.size(2) % (3L * heads) == 0,
            $"queryKeyValue must be [batch, sequence, 3 * heads * headSize] with {heads} heads; received [{string.Join(", ", queryKeyValue.shape)}].", nameof(queryKeyValue));
        // The kernel works in whole vectors and in one thread, as replicas do; one graph on many threads is better served by libtorch's products.
        bool fits = KernelGradients.Fit(queryKeyValue) && queryKeyValue.size(2) / (3L * heads) % SmallProducts.Lanes == 0 && get_num_threads() <= 2;
        return fits ? CausalAttentionFunction.apply(queryKeyValue, heads) : Composed(queryKeyValue, heads);
    }

    internal static Tensor Composed(Tensor queryKeyValue, int heads)
    {
        (long batch, long sequence, long width) = (queryKeyValue.size(0), queryKeyValue.size(1), queryKeyValue.size(2) / 3);
        // [3, batch, heads, sequence, headSize]
        Tensor parts = queryKeyValue.view(batch, sequence, 3, heads, width / heads).permute(2, 0, 3, 1, 4);
        Tensor attended = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true);
        return attended.transpose(1, 2).contiguous().view(batch, sequence, width);
    }
}
