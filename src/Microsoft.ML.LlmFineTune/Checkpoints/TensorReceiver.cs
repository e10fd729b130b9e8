using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Reads the next bytes of a file.</summary>
/// <param name="bytes">All of it is filled.</param>
internal delegate void ByteReader(Span<byte> bytes);

/// <summary>
/// Brings bytes of a file into parts of tensors: straight into dense memory of the file's type; else through buffers of one part's size, where they are converted, and from there in
/// the order of the tensor's own memory. One a thread.
/// </summary>
internal sealed class TensorReceiver : IDisposable
{
    // What was just read is still in the second-level cache when it is checked, converted and turned.
    private const int PartBytes = 1 << 19;

    private readonly Dictionary<ScalarType, Tensor> _received = [];
    private readonly Dictionary<ScalarType, Tensor> _converted = [];

    /// <summary>The parts of a tensor that receives elements of a type.</summary>
    public static IEnumerable<TensorPart> Parts(Tensor tensor, ScalarType type) =>
        TensorPart.Of(tensor, PartBytes / Math.Max(SafeTensorsTypes.BytesOf(type), tensor.ElementSize));

    /// <summary>Fills a part.</summary>
    /// <param name="part">A part out of <see cref="Parts"/>; any device.</param>
    /// <param name="type">The type of the elements in the file.</param>
    /// <param name="read">Gives the file's bytes.</param>
    /// <returns>How many of the numbers, in the tensor's type, are NaN or infinite.</returns>
    public long Receive(Tensor part, ScalarType type, ByteReader read)
    {
        bool isDense = part.device_type == TorchSharp.DeviceType.CPU && part.is_contiguous();
        if (isDense && part.dtype == type)
        {
            read(part.bytes);
            return NonFinite.Count(part.bytes, type);
        }

        using Tensor received = Buffer(_received, type, part.numel());
        read(received.bytes);
        if (isDense)
        {
            using Tensor shaped = received.view(part.shape);
            part.copy_(shaped);
            return NonFinite.Count(part.bytes, part.dtype);
        }

        using Tensor converted = part.dtype == type ? received.alias() : Buffer(_converted, part.dtype, part.numel());
        if (part.dtype != type) converted.copy_(received);
        if (Transposition.Fits(part))
        {
            Transposition.Copy(converted, part);
        }
        else
        {
            using Tensor shaped = converted.view(part.shape);
            part.copy_(shaped);
        }
        return NonFinite.Count(converted.bytes, part.dtype);
    }

    public void Dispose()
    {
        foreach (Tensor buffer in _received.Values.Concat(_converted.Values)) buffer.Dispose();
    }

    private static Tensor Buffer(Dictionary<ScalarType, Tensor> buffers, ScalarType type, long elements)
    {
        if (!buffers.TryGetValue(type, out Tensor? buffer))
        {
            buffer = empty(PartBytes / SafeTensorsTypes.BytesOf(type), dtype: type);
            // It outlives the scope of the part that needed it first.
            buffer.DetachFromDisposeScope();
            buffers.Add(type, buffer);
        }
        return buffer.narrow(0, 0, elements);
    }
}
