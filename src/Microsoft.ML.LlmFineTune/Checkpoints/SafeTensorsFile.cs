using System.Runtime.ExceptionServices;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A safetensors file, open for reading at any place from any thread. It stays the same file when another takes its name.</summary>
internal sealed class SafeTensorsFile : IDisposable
{
    // More threads than this do not make memory faster, and below this much there is nothing to share out.
    private const int MostThreads = 8;
    private const long BytesPerThread = 8 << 20;

    // What was just read is still in the second-level cache when it is looked at.
    private const int LookedAtBytes = 1 << 19;

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

    /// <summary>Reads tensors into their destinations, on several threads where there is much to read.</summary>
    /// <param name="targets">Tensors of this file, best in the file's order.</param>
    /// <exception cref="InvalidDataException">The file was cut after it was opened.</exception>
    public void Fill(IReadOnlyList<TensorTarget> targets) => Fill([(this, targets)]);

    /// <summary>Reads tensors of several files into their destinations. Those that are mapped are there already; their numbers are looked at.</summary>
    /// <param name="files">Files and tensors of theirs, best in the file's order.</param>
    /// <exception cref="InvalidDataException">A file was cut after it was opened.</exception>
    public static void Fill(IReadOnlyList<(SafeTensorsFile File, IReadOnlyList<TensorTarget> Targets)> files)
    {
        (SafeTensorsFile File, TensorTarget Target)[] all = [.. files.SelectMany(one => one.Targets, (one, target) => (one.File, target))];
        Receive([.. all.Where(one => !one.Target.IsMapped)]);
        Look([.. all.Where(one => one.Target.IsMapped)]);
    }

    private static void Receive((SafeTensorsFile File, TensorTarget Target)[] all)
    {
        if (all.Length == 0) return;
        int threads = ThreadsFor(all.Sum(one => one.Target.Entry.ByteCount));
        if (threads > 1) foreach ((_, TensorTarget target) in all) TensorMemory.PreferHugePages(target.Destination);

        // The threads take parts in turn, so together they read the files from beginning to end.
        using IEnumerator<(SafeTensorsFile File, TensorTarget Target, TensorPart Part)> parts = all.SelectMany(one => TensorReceiver.Parts(one.Target.Destination, one.Target.Entry.Type), (one, part) => (one.File, one.Target, part)).GetEnumerator();
        Lock gate = new();
        bool hasFailed = false;
        using ReplicaPool pool = new(threads);
        pool.Run(_ =>
        {
            using IDisposable withoutGradients = no_grad();
            using TensorReceiver receiver = new();
            try
            {
                while (Next() is (SafeTensorsFile file, TensorTarget target, TensorPart part))
                {
                    using (part) target.Receive(receiver, part, bytes => file.Read(target.Entry, part.Start * SafeTensorsTypes.BytesOf(target.Entry.Type), bytes));
                }
            }
            catch
            {
                lock (gate) hasFailed = true;
                throw;
            }
        });

        (SafeTensorsFile File, TensorTarget Target, TensorPart Part)? Next()
        {
            lock (gate) return !hasFailed && parts.MoveNext() ? parts.Current : null;
        }
    }

    /// <summary>Reads numbers past the map: through it, each page would have to be found first, which takes ten times as long.</summary>
    private static void Look((SafeTensorsFile File, TensorTarget Target)[] all)
    {
        if (all.Length == 0) return;
        (SafeTensorsFile File, TensorTarget Target, long Start, int Count)[] parts =
        [
            .. from one in all
               from part in Enumerable.Range(0, (int)((one.Target.Entry.ByteCount + LookedAtBytes - 1) / LookedAtBytes))
               let start = (long)part * LookedAtBytes
               select (one.File, one.Target, start, (int)Math.Min(LookedAtBytes, one.Target.Entry.ByteCount - start)),
        ];
        int next = -1;
        try
        {
            // Not the pool's threads: those are set up for libtorch, whose operators are not needed here.
            Parallel.For(0, ThreadsFor(all.Sum(one => one.Target.Entry.ByteCount)), _ =>
            {
                byte[] buffer = GC.AllocateUninitializedArray<byte>(LookedAtBytes);
                for (int i = Interlocked.Increment(ref next); i < parts.Length; i = Interlocked.Increment(ref next))
                {
                    (SafeTensorsFile file, TensorTarget target, long start, int count) = parts[i];
                    Span<byte> numbers = buffer.AsSpan(0, count);
                    file.Read(target.Entry, start, numbers);
                    target.Look(numbers);
                }
            });
        }
        catch (AggregateException errors)
        {
            ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
        }
    }

    private static int ThreadsFor(long bytes) => (int)Math.Clamp(bytes / BytesPerThread, 1, Math.Min(get_num_threads(), MostThreads));

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

    private void Read(SafeTensorsEntry entry, long firstByte, Span<byte> bytes)
    {
        long offset = Header.DataStart + entry.Begin + firstByte;
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(_stream.SafeFileHandle, bytes, offset);
            if (read == 0) throw SafeTensorsHeader.EndsWithin(Path, entry);
            bytes = bytes[read..];
            offset += read;
        }
    }
}
