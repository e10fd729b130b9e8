using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Reads and writes safetensors files: a header in JSON, then the tensors' bytes. Nothing in them is code.</summary>
public static class SafeTensors
{
    // Tensors pass through in pieces, so that one may be larger than a managed array.
    private const int PieceBytes = 1 << 20;

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
            using IDisposable scope = NewDisposeScope();
            ForEachPiece(tensor.detach().cpu().contiguous().view(-1), piece => stream.Write(piece.bytes));
        }
    }

    /// <summary>Reads all tensors of a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, stream.Length, path);
    }

    /// <summary>Reads all tensors of a stream, which stays open.</summary>
    /// <param name="stream">From the first byte of the file on.</param>
    /// <param name="length">Length of the file in bytes; memory is allocated for no more.</param>
    /// <param name="source">What errors call the file.</param>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(Stream stream, long length, string source)
    {
        Dictionary<string, Tensor> tensors = new(StringComparer.Ordinal);
        ReadInto(stream, length, source, entry => tensors[entry.Name] = empty([.. entry.Shape], dtype: entry.Type));
        return tensors;
    }

    /// <summary>Reads tensors into memory that is already there, converting types where they differ.</summary>
    /// <param name="stream">From the first byte of the file on; need not seek; stays open.</param>
    /// <param name="length">Length of the file in bytes, where it is known.</param>
    /// <param name="source">What errors call the file.</param>
    /// <param name="target">Gives the tensor that receives an entry, of the entry's shape, any layout; null skips the entry.</param>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    public static void ReadInto(Stream stream, long? length, string source, Func<SafeTensorsEntry, Tensor?> target)
    {
        Require.NotNull(target);
        SafeTensorsHeader header = SafeTensorsHeader.Read(stream, length, source);
        byte[] buffer = new byte[PieceBytes];
        using IDisposable withoutGradients = no_grad();
        foreach (SafeTensorsEntry entry in header.Entries)
        {
            if (target(entry) is not Tensor destination)
            {
                Skip(stream, entry, buffer, source);
                continue;
            }
            Require.Argument(destination.shape.SequenceEqual(entry.Shape), $"Tensor '{entry.Name}' is [{string.Join(", ", entry.Shape)}]; its destination is [{string.Join(", ", destination.shape)}].", nameof(target));
            using IDisposable scope = NewDisposeScope();
            bool isDirect = destination.dtype == entry.Type && destination.device_type == TorchSharp.DeviceType.CPU && destination.is_contiguous();
            Tensor received = isDirect ? destination.detach() : empty([.. entry.Shape], dtype: entry.Type);
            ForEachPiece(received.view(-1), piece => ReadExactly(stream, piece.bytes, entry, source));
            if (!isDirect) destination.detach().copy_(received);
        }
    }

    private static void ForEachPiece(Tensor flat, Action<Tensor> use)
    {
        long count = PieceBytes / flat.element_size();
        for (long start = 0; start < flat.numel(); start += count)
        {
            using Tensor piece = flat.narrow(0, start, Math.Min(count, flat.numel() - start));
            use(piece);
        }
    }

    private static void Skip(Stream stream, SafeTensorsEntry entry, byte[] buffer, string source)
    {
        for (long left = entry.ByteCount; left > 0; left -= buffer.Length) ReadExactly(stream, buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)), entry, source);
    }

    private static void ReadExactly(Stream stream, Span<byte> bytes, SafeTensorsEntry entry, string source)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw SafeTensorsHeader.Damaged(source, $"it ends within tensor '{entry.Name}'");
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
