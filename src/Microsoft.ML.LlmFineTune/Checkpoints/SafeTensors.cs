using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Reads and writes safetensors files: a header in JSON, then the tensors' bytes. Nothing in them is code.</summary>
/// <remarks>Tensors pass through in parts: neither reading nor writing holds a second copy of one, let alone of the file.</remarks>
public static class SafeTensors
{
    private const int PartBytes = 1 << 20;

    // Whoever begins with a file has touched nothing native before.
    static SafeTensors() => NativeRuntime.Initialize();

    /// <summary>Writes a file; a reader finds the old file or the whole new one.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="tensors">Names and tensors; any device, any layout.</param>
    /// <param name="metadata">Texts about the file; null: the format's name alone.</param>
    /// <exception cref="IOException">Writing failed; the old file is as it was.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));

    /// <summary>Writes to a stream, which stays open.</summary>
    /// <param name="stream">Written from first to last byte; need not seek.</param>
    /// <param name="tensors">Names and tensors; any device, any layout.</param>
    /// <param name="metadata">Texts about the file; null: the format's name alone.</param>
    public static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Require.NotNull(stream);
        Require.NotNull(tensors);
        // Wide elements first: then every tensor begins at a multiple of its element's size.
        (string Name, Tensor Tensor)[] ordered = [.. tensors.Select(entry => (entry.Key, entry.Value)).OrderByDescending(entry => SafeTensorsTypes.BytesOf(entry.Value.dtype))];
        byte[] header = HeaderOf(ordered, metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        foreach ((_, Tensor tensor) in ordered)
        {
            using Tensor detached = tensor.detach();
            foreach (TensorPart part in TensorPart.Of(detached, PartBytes / tensor.ElementSize))
            {
                using IDisposable scope = NewDisposeScope();
                using (part) stream.Write(part.View.cpu().contiguous().bytes);
            }
        }
    }

    /// <summary>Reads all tensors of a file, on several threads where it is large.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    /// <exception cref="NotSupportedException">A tensor has elements of a type that the library does not know.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path) => ReadAll(target => ReadInto(path, target));

    /// <summary>Reads all tensors of a stream, which stays open.</summary>
    /// <param name="stream">From the first byte of the file on.</param>
    /// <param name="length">Length of the file in bytes; memory is allocated for no more.</param>
    /// <param name="source">What errors call the file.</param>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    /// <exception cref="NotSupportedException">A tensor has elements of a type that the library does not know.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(Stream stream, long length, string source) => ReadAll(target => ReadInto(stream, length, source, target));

    /// <summary>Reads tensors of a file into memory that is already there, converting types where they differ; on several threads where there is much to read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="target">Gives the tensor that receives an entry, of the entry's shape, any layout; null skips the entry. Asked for all entries before the first one is read.</param>
    /// <returns>The tensors that have NaN or infinite numbers now.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    /// <exception cref="NotSupportedException">A tensor has elements of a type that the library does not know.</exception>
    public static IReadOnlyList<NonFiniteTensor> ReadInto(string path, Func<SafeTensorsEntry, Tensor?> target)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Require.Text(path));
        IReadOnlyList<TensorTarget> targets = Targets(file.Header, target);
        file.Fill(targets);
        return NonFiniteTensor.Of(targets);
    }

    /// <summary>Reads tensors of a stream into memory that is already there, converting types where they differ.</summary>
    /// <param name="stream">From the first byte of the file on; need not seek; stays open.</param>
    /// <param name="length">Length of the file in bytes, where it is known.</param>
    /// <param name="source">What errors call the file.</param>
    /// <param name="target">Gives the tensor that receives an entry, of the entry's shape, any layout; null skips the entry. Asked for all entries before the first one is read.</param>
    /// <returns>The tensors that have NaN or infinite numbers now.</returns>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    /// <exception cref="NotSupportedException">A tensor has elements of a type that the library does not know.</exception>
    public static IReadOnlyList<NonFiniteTensor> ReadInto(Stream stream, long? length, string source, Func<SafeTensorsEntry, Tensor?> target)
    {
        SafeTensorsHeader header = SafeTensorsHeader.Read(stream, length, source);
        IReadOnlyList<TensorTarget> targets = Targets(header, target);
        Fill(stream, header, source, targets);
        return NonFiniteTensor.Of(targets);
    }

    /// <summary>Reads the data of a stream from its first byte on: tensors into their destinations, the others to nowhere.</summary>
    /// <param name="stream">From the first byte after the header on.</param>
    /// <param name="header">The header.</param>
    /// <param name="source">What errors call the file.</param>
    /// <param name="targets">In the order of the header.</param>
    internal static void Fill(Stream stream, SafeTensorsHeader header, string source, IReadOnlyList<TensorTarget> targets)
    {
        using IDisposable withoutGradients = no_grad();
        using TensorReceiver receiver = new();
        byte[] skipped = [];
        int next = 0;
        foreach (SafeTensorsEntry entry in header.Entries)
        {
            if (next < targets.Count && ReferenceEquals(targets[next].Entry, entry))
            {
                TensorTarget target = targets[next++];
                foreach (TensorPart part in TensorReceiver.Parts(target.Destination, entry.Type))
                {
                    using (part) target.Receive(receiver, part, bytes => ReadExactly(bytes, entry));
                }
                continue;
            }
            if (skipped.Length == 0) skipped = new byte[PartBytes];
            for (long left = entry.ByteCount; left > 0; left -= skipped.Length) ReadExactly(skipped.AsSpan(0, (int)Math.Min(left, skipped.Length)), entry);
        }

        void ReadExactly(Span<byte> bytes, SafeTensorsEntry entry)
        {
            if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw SafeTensorsHeader.EndsWithin(source, entry);
        }
    }

    private static Dictionary<string, Tensor> ReadAll(Action<Func<SafeTensorsEntry, Tensor?>> readInto)
    {
        Dictionary<string, Tensor> tensors = new(StringComparer.Ordinal);
        try
        {
            readInto(entry => tensors[entry.Name] = empty([.. entry.Shape], dtype: entry.Type));
            return tensors;
        }
        catch
        {
            foreach (Tensor tensor in tensors.Values) tensor.Dispose();
            throw;
        }
    }

    private static List<TensorTarget> Targets(SafeTensorsHeader header, Func<SafeTensorsEntry, Tensor?> target)
    {
        Require.NotNull(target);
        List<TensorTarget> targets = [];
        foreach (SafeTensorsEntry entry in header.Entries)
        {
            if (target(entry) is not Tensor destination) continue;
            Require.Argument(destination.shape.SequenceEqual(entry.Shape), $"Tensor '{entry.Name}' is [{string.Join(", ", entry.Shape)}]; its destination is [{string.Join(", ", destination.shape)}].", nameof(target));
            targets.Add(new TensorTarget(entry, destination));
        }
        return targets;
    }

    private static byte[] HeaderOf((string Name, Tensor Tensor)[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string text) in metadata) json.WriteString(key, text);
            json.WriteEndObject();
            long begin = 0;
            foreach ((string name, Tensor tensor) in tensors)
            {
                long end = begin + (tensor.numel() * SafeTensorsTypes.BytesOf(tensor.dtype));
                json.WriteStartObject(name);
                json.WriteString("dtype", SafeTensorsTypes.NameOf(tensor.dtype));
                WriteArray(json, "shape", tensor.shape);
                WriteArray(json, "data_offsets", [begin, end]);
                json.WriteEndObject();
                begin = end;
            }
            json.WriteEndObject();
        }
        // Spaces at the end make the data begin at a multiple of 8.
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private static void WriteArray(Utf8JsonWriter json, string name, ReadOnlySpan<long> values)
    {
        json.WriteStartArray(name);
        foreach (long value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
