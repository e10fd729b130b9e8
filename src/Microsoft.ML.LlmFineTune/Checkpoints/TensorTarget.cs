using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A tensor of a file and the memory that receives it.</summary>
internal sealed class TensorTarget
{
    private long _found;

    /// <param name="entry">The tensor in the file.</param>
    /// <param name="destination">A tensor of the entry's shape; any type, device and layout.</param>
    /// <param name="isMapped">Whether the destination is a view of the file itself.</param>
    public TensorTarget(SafeTensorsEntry entry, Tensor destination, bool isMapped = false) => (Entry, Destination, IsMapped) = (entry, destination, isMapped);

    public SafeTensorsEntry Entry { get; }

    public Tensor Destination { get; }

    public bool IsMapped { get; }

    /// <summary>How many of the numbers received so far are NaN or infinite.</summary>
    public long NotFinite => Interlocked.Read(ref _found);

    /// <summary>Receives the tensor, or a part of it.</summary>
    public void Receive(TensorReceiver receiver, TensorPart part, ByteReader read) => Add(receiver.Receive(part.View, Entry.Type, read));

    /// <summary>Looks at some of the tensor's numbers, which nobody needs to receive.</summary>
    public void Look(ReadOnlySpan<byte> numbers) => Add(NonFinite.Count(numbers, Entry.Type));

    private void Add(long nonFinite)
    {
        if (nonFinite > 0) Interlocked.Add(ref _found, nonFinite);
    }
}
