using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>The table of contents of a safetensors file, checked: the tensors fill the data exactly, without gaps or overlaps.</summary>
public sealed class SafeTensorsHeader
{
    // The format's own limit.
    private const int MaximumLength = 100_000_000;

    private SafeTensorsHeader(IReadOnlyList<SafeTensorsEntry> entries, IReadOnlyDictionary<string, string> metadata) => (Entries, Metadata) = (entries, metadata);

    /// <summary>The tensors, in the order of their bytes.</summary>
    public IReadOnlyList<SafeTensorsEntry> Entries { get; }

    /// <summary>Texts about the file; often only "format".</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Bytes after the header.</summary>
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>Reads a header and leaves the stream at the first byte of data.</summary>
    /// <param name="stream">The file, from its first byte.</param>
    /// <param name="length">The file's length where it is known; the header is then checked against it.</param>
    /// <param name="source">What errors call the file.</param>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    public static SafeTensorsHeader Read(Stream stream, long? length, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> prefix = stackalloc byte[8];
        if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8) throw Damaged(source, "it ends within its first 8 bytes");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        // The number is a claim: nothing is allocated for it before the file has shown that many bytes.
        if (length is long known && headerLength > (ulong)(known - 8)) throw Damaged(source, $"its header should have {headerLength} bytes, but only {known - 8} follow");
        if (headerLength is < 2 or > MaximumLength) throw Damaged(source, $"its header should have {headerLength} bytes; from 2 to {MaximumLength} are allowed");
        SafeTensorsHeader header = Parse(ReadBytes(stream, (int)headerLength, source), source);
        if (length is long total && header.DataLength != total - 8 - (long)headerLength)
            throw Damaged(source, $"its header describes {header.DataLength} bytes of tensors, but {total - 8 - (long)headerLength} are there");
        return header;
    }

    internal static InvalidDataException Damaged(string source, string reason) =>
        new($"'{source}' is not a whole safetensors file: {reason}. Take a fresh copy.");

    private static byte[] ReadBytes(Stream stream, int count, string source)
    {
        const int PieceLength = 1 << 16;
        List<byte> bytes = [];
        byte[] piece = new byte[PieceLength];
        while (bytes.Count < count)
        {
            int read = stream.Read(piece, 0, Math.Min(PieceLength, count - bytes.Count));
            if (read == 0) throw Damaged(source, $"its header should have {count} bytes, but only {bytes.Count} are there");
            bytes.AddRange(piece.AsSpan(0, read));
        }
        return [.. bytes];
    }

    private static SafeTensorsHeader Parse(byte[] json, string source)
    {
        List<SafeTensorsEntry> entries = [];
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        HashSet<string> names = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (!names.Add(property.Name)) throw Damaged(source, $"its header names '{property.Name}' twice");
                if (property.Name != "__metadata__") entries.Add(Entry(property, source));
                else foreach (JsonProperty text in property.Value.EnumerateObject()) metadata[text.Name] = text.Value.GetString() ?? "";
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException(Damaged(source, "its header is not the JSON of a safetensors file").Message, error);
        }

        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        foreach (SafeTensorsEntry entry in entries)
        {
            if (entry.Begin != end) throw Damaged(source, $"tensor '{entry.Name}' begins at byte {entry.Begin} where {end} was expected");
            end = entry.End;
        }
        return new SafeTensorsHeader(entries, metadata);
    }

    private static SafeTensorsEntry Entry(JsonProperty property, string source)
    {
        (string name, JsonElement value) = (property.Name, property.Value);
        string typeName = value.GetProperty("dtype").GetString() ?? "";
        if (!SafeTensorsTypes.TryParse(typeName, out ScalarType type))
            throw new InvalidDataException($"'{source}': tensor '{name}' has elements of type '{typeName}'; supported are {string.Join(", ", SafeTensorsTypes.Names)}.");
        long[] shape = [.. value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        long[] offsets = [.. value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || shape.Any(size => size < 0)) throw Damaged(source, $"shape or place of tensor '{name}' is impossible");
        BigInteger bytes = shape.Aggregate(new BigInteger(SafeTensorsTypes.BytesOf(type)), (product, size) => product * size);
        if (bytes != offsets[1] - offsets[0])
            throw Damaged(source, $"tensor '{name}' of {typeName} [{string.Join(", ", shape)}] needs {bytes} bytes; its place has {offsets[1] - offsets[0]}");
        return new SafeTensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }
}
