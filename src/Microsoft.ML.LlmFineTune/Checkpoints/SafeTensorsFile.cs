using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A safetensors file, open for reading at any place from any thread. It stays the same file when another takes its name.</summary>
internal sealed class SafeTensorsFile : IDisposable
{
    // More threads than this do not make memory faster, and below this much there is nothing to share out.
    private const int MostThreads = 8;
    private const long BytesPerThread = 8 << 20;

    private readonly FileStream _stream;

    private SafeTensorsFile(string path, FileStream stream, SafeTensorsHeader header) => (Path, _stream, Header) = (path, stream, header);

    public string Path { get; }

    public SafeTensorsHeader Header { get; }

    /// <summary>Opens a file and reads its header.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    /// <exception cref="NotSupportedException">A tensor has elements of a type that the library does not know.</exception>
    public static SafeTensorsFile Open(string path)
    {
        FolderFault.RequireTarget(path);
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1, FileOptions.SequentialScan);
        try
        {
            return new SafeTensorsFile(path, stream, SafeTensorsHeader.Read(stream, stream.Length, path));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads tensors into their destinations, on several threads where there is much to read. Of those that are mapped it reads the numbers alone, to look at them: past the map, whose pages would each have to be found first.</summary>
    /// <param name="targets">Tensors of this file, best in the file's order.</param>
    /// <exception cref="InvalidDataException">The file was cut after it was opened.</exception>
    public void Fill(IReadOnlyList<TensorTarget> targets)
    {
        long bytes = targets.Sum(target => target.Entry.ByteCount);
        int threads = (int)Math.Clamp(bytes / BytesPerThread, 1, Math.Min(get_num_threads(), MostThreads));
        if (threads > 1) foreach (TensorTarget target in targets.Where(target => !target.IsMapped)) TensorMemory.PreferHugePages(target.Destination);

        // The threads take parts in turn, so together they read the file from its beginning to its end.
        using IEnumerator<(TensorTarget Target, TensorPart Part)> parts = Parts(targets).GetEnumerator();
        Lock gate = new();
        bool hasFailed = false;
        using ReplicaPool pool = new(threads);
        pool.Run(_ =>
        {
            using IDisposable withoutGradients = no_grad();
            using TensorReceiver receiver = new();
            try
            {
                while (Next() is (TensorTarget target, TensorPart part))
                {
                    using (part) target.Receive(receiver, part, bytes => Read(target.Entry, part.Start, bytes));
                }
            }
            catch
            {
                lock (gate) hasFailed = true;
                throw;
            }
        });

        (TensorTarget Target, TensorPart Part)? Next()
        {
            lock (gate) return !hasFailed && parts.MoveNext() ? parts.Current : null;
        }
    }

    /// <summary>Whether the file begins with the given bytes.</summary>
    public unsafe bool BeginsWith(byte* expected, long count)
    {
        Span<byte> piece = stackalloc byte[1 << 12];
        for (long place = 0; place < count; )
        {
            int read = RandomAccess.Read(_stream.SafeFileHandle, piece[..(int)Math.Min(piece.Length, count - place)], place);
            if (read == 0 || !piece[..read].SequenceEqual(new ReadOnlySpan<byte>(expected + place, read))) return false;
            place += read;
        }
        return true;
    }

    public void Dispose() => _stream.Dispose();

    private static IEnumerable<(TensorTarget, TensorPart)> Parts(IEnumerable<TensorTarget> targets) =>
        targets.SelectMany(target => TensorReceiver.Parts(target.Destination, target.Entry.Type), (target, part) => (target, part));

    private void Read(SafeTensorsEntry entry, long firstElement, Span<byte> bytes)
    {
        long offset = Header.DataStart + entry.Begin + (firstElement * SafeTensorsTypes.BytesOf(entry.Type));
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(_stream.SafeFileHandle, bytes, offset);
            if (read == 0) throw SafeTensorsHeader.EndsWithin(Path, entry);
            bytes = bytes[read..];
            offset += read;
        }
    }
}
