using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Multi-head self-attention to both sides for inference: padding, which stands on the right, is neither read nor computed.</summary>
public static unsafe class BidirectionalAttention
{
    /// <summary>Whether <see cref="Apply"/> can take these: dense float32 on the CPU without gradients, heads of whole vectors, one thread or two (many threads are better served by libtorch's products).</summary>
    /// <param name="query">[batch, sequence, heads * headSize].</param>
    /// <param name="key">The shape of query.</param>
    /// <param name="value">The shape of query.</param>
    /// <param name="heads">How many heads.</param>
    public static bool Fits(Tensor query, Tensor key, Tensor value, int heads) =>
        KernelGradients.Fit(query, key, value) && Require.NotNull(query).size(2) / heads % SmallProducts.Lanes == 0 && get_num_threads() <= 2
        && !(is_grad_enabled() && (query.requires_grad || key.requires_grad || value.requires_grad));

    /// <summary>softmax(Q K^T / sqrt(headSize)) V for each head, over each row's own length.</summary>
    /// <param name="query">[batch, sequence, heads * headSize].</param>
    /// <param name="key">The shape of query.</param>
    /// <param name="value">The shape of query.</param>
    /// <param name="heads">How many heads.</param>
    /// <param name="lengths">[batch]: how many tokens of each row are no padding, which stands after them; null: nothing is padded.</param>
    /// <returns>The shape of query; 0 at padding.</returns>
    /// <exception cref="ArgumentException">The tensors do not fit (<see cref="Fits"/>) or a length is out of its range.</exception>
    public static Tensor Apply(Tensor query, Tensor key, Tensor value, int heads, int[]? lengths = null)
    {
        Require.Argument(Fits(query, key, value, heads), "query, key and value must be dense float32 on the CPU, without gradients, their heads a multiple of 16 wide.", nameof(query));
        (int batch, int sequence, int width) = ((int)query.size(0), (int)query.size(1), (int)query.size(2));
        Require.Argument(lengths is null || lengths.Length == batch, $"lengths must have {batch} entries; received {lengths?.Length}.", nameof(lengths));
        Tensor output = empty([batch, sequence, width]);
        int headSize = width / heads;
        float* queries = TensorMemory.Pointer<float>(query), keys = TensorMemory.Pointer<float>(key), values = TensorMemory.Pointer<float>(value), to = TensorMemory.Pointer<float>(output);
        for (int row = 0; row < batch; row++)
        {
            int length = lengths is null ? sequence : Require.Within(lengths[row], 0, sequence, nameof(lengths));
            nint start = (nint)row * sequence * width;
            new Span<float>(to + start + ((nint)length * width), (sequence - length) * width).Clear();
            if (length == 0) continue;
            AttentionHead head = new(length, headSize, width, width);
            for (int i = 0; i < heads; i++)
            {
                nint offset = start + (i * headSize);
                head.ForwardBothSides(queries + offset, keys + offset, values + offset, to + offset);
            }
        }
        return output;
    }
}
