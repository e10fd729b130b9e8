using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A run of a tensor's elements in the order in which a file holds them.</summary>
/// <param name="View">The elements, as a view of the tensor: flat where the tensor is dense, else some of its rows.</param>
/// <param name="Start">How many elements of the tensor come before.</param>
internal sealed record TensorPart(Tensor View, long Start) : IDisposable
{
    private const int LineRows = 16;

    /// <summary>Cuts a tensor of any layout into parts of at most <paramref name="most"/> elements, which together are the tensor in order.</summary>
    public static IEnumerable<TensorPart> Of(Tensor tensor, long most, long start = 0)
    {
        if (tensor.dim() <= 1 || tensor.is_contiguous())
        {
            using Tensor flat = tensor.view(-1);
            for (long first = 0; first < flat.numel(); first += most) yield return new TensorPart(flat.narrow(0, first, Math.Min(most, flat.numel() - first)), start + first);
            yield break;
        }
        (long rows, long rowLength) = (tensor.size(0), tensor.numel() / tensor.size(0));
        // Whole lines of the processor's cache, where rows are columns in memory.
        long step = most / rowLength >= LineRows ? most / rowLength / LineRows * LineRows : most / rowLength;
        for (long row = 0; row < rows; row += Math.Max(step, 1))
        {
            if (step > 0)
            {
                yield return new TensorPart(tensor.narrow(0, row, Math.Min(step, rows - row)), start + (row * rowLength));
                continue;
            }
            using Tensor one = tensor.select(0, row);
            foreach (TensorPart part in Of(one, most, start + (row * rowLength))) yield return part;
        }
    }

    public void Dispose() => View.Dispose();
}
