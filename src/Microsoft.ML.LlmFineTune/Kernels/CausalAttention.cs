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
        Tensor parts = Parts(queryKeyValue, heads);
        Tensor attended = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true);
        return attended.transpose(1, 2).contiguous().view(batch, sequence, width);
    }

    /// <summary>The same in operators that can be differentiated twice: libtorch's fused attention ends the process when it is asked for a second derivative.</summary>
    internal static Tensor WrittenOut(Tensor queryKeyValue, int heads)
    {
        (long batch, long sequence, long width) = (queryKeyValue.size(0), queryKeyValue.size(1), queryKeyValue.size(2) / 3);
        Tensor parts = Parts(queryKeyValue, heads);
        Tensor scores = parts[0].mul(1 / Math.Sqrt(width / heads)).matmul(parts[1].transpose(2, 3));   // [batch, heads, sequence, sequence]
        Tensor later = ones([sequence, sequence], dtype: ScalarType.Bool, device: scores.device).triu(1);
        Tensor attended = F.softmax(scores.masked_fill(later, double.NegativeInfinity), -1).matmul(parts[2]);
        return attended.transpose(1, 2).contiguous().view(batch, sequence, width);
    }

    /// <summary>Queries, keys and values: [3, batch, heads, sequence, headSize].</summary>
    private static Tensor Parts(Tensor queryKeyValue, int heads) =>
        queryKeyValue.view(queryKeyValue.size(0), queryKeyValue.size(1), 3, heads, queryKeyValue.size(2) / (3 * heads)).permute(2, 0, 3, 1, 4);
}
