using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>The table of contents of a safetensors file, checked: the tensors fill the data exactly, without gaps or overlaps.</summary>
public sealed class SafeTensorsHeader
{
    private const int PrefixLength = 8;

    // The format's own limit.
    private const int MaximumLength = 100_000_000;

    // What stands in the place of a large file in a repository that was cloned without them.
    private static ReadOnlySpan<byte> PointerStart => "version "u8;

    // NumPy's limit; nothing that is a weight comes near it.
    private const int MaximumDimensions = 64;

    // A key that stands twice could be read one way here and another way elsewhere.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private SafeTensorsHeader(IReadOnlyList<SafeTensorsEntry> entries, IReadOnlyDictionary<string, string> metadata, long dataStart) =>
        (Entries, Metadata, DataStart) = (entries, metadata, dataStart);

    /// <summary>The tensors, in the order of their bytes.</summary>
    public IReadOnlyList<SafeTensorsEntry> Entries { get; }

    /// <summary>Texts about the file; often only "format".</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Bytes after the header.</summary>
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>Where the data begins in the file.</summary>
    internal long DataStart { get; }

    /// <summary>Reads a header and leaves the stream at the first byte of data.</summary>
    /// <param name="stream">The file, from its first byte.</param>
    /// <param name="length">The file's length where it is known; the header is then checked against it.</param>
    /// <param name="source">What errors call the file.</param>
    /// <exception cref="InvalidDataException">The file is cut or damaged.</exception>
    /// <exception cref="NotSupportedException">A tensor has elements of a type that the format knows and the library does not.</exception>
    public static SafeTensorsHeader Read(Stream stream, long? length, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> prefix = stackalloc byte[PrefixLength];
        if (stream.ReadAtLeast(prefix, PrefixLength, throwOnEndOfStream: false) < PrefixLength) throw Damaged(source, $"it ends within its first {PrefixLength} bytes");
        if (prefix.SequenceEqual(PointerStart)) throw new InvalidDataException($"'{source}' is a pointer of Git LFS, not the file that it stands for. Run 'git lfs pull' in its folder, or download the file itself.");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        // The number is a claim: nothing is allocated for it before the file has shown that many bytes.
        if (length is long known && headerLength > (ulong)(known - PrefixLength)) throw Damaged(source, $"its header should have {headerLength} bytes, but only {known - PrefixLength} follow");
        if (headerLength is < 2 or > MaximumLength) throw Damaged(source, $"its header should have {headerLength} bytes; from 2 to {MaximumLength} are allowed");
        SafeTensorsHeader header = Parse(ReadBytes(stream, (int)headerLength, source), source);
        if (length is long total && header.DataLength != total - header.DataStart)
            throw Damaged(source, $"its header describes {header.DataLength} bytes of tensors, but {total - header.DataStart} are there");
        return header;
    }

    internal static InvalidDataException Damaged(string source, string reason, Exception? cause = null) =>
        new($"'{source}' is not a whole safetensors file: {reason}. Take a fresh copy.", cause);

    internal static InvalidDataException EndsWithin(string source, SafeTensorsEntry entry) => Damaged(source, $"it ends within tensor '{entry.Name}'");

    private static byte[] ReadBytes(Stream stream, int count, string source)
    {
        const int PieceLength = 1 << 16;
        byte[] bytes = new byte[Math.Min(count, PieceLength)];
        int read = 0;
        while (true)
        {
            read += stream.ReadAtLeast(bytes.AsSpan(read), bytes.Length - read, throwOnEndOfStream: false);
            if (read < bytes.Length) throw Damaged(source, $"its header should have {count} bytes, but only {read} are there");
            if (read == count) return bytes;
            Array.Resize(ref bytes, (int)Math.Min(count, 2L * read));
        }
    }

    private static SafeTensorsHeader Parse(byte[] json, string source)
    {
        if (!Utf8.IsValid(json)) throw Damaged(source, "its header is not UTF-8");
        List<SafeTensorsEntry> entries = [];
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Name != "__metadata__") entries.Add(Entry(property, source));
                else foreach (JsonProperty text in property.Value.EnumerateObject()) metadata[text.Name] = text.Value.GetString() ?? "";
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw Damaged(source, $"its header is not the JSON of a safetensors file ({JsonFile.FaultOf(error)})", error);
        }

        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        foreach (SafeTensorsEntry entry in entries)
        {
            if (entry.Begin != end) throw Damaged(source, $"tensor '{entry.Name}' begins at byte {entry.Begin} where {end} was expected");
            end = entry.End;
        }
        return new SafeTensorsHeader(entries, metadata, PrefixLength + json.Length);
    }

    private static SafeTensorsEntry Entry(JsonProperty property, string source)
    {
        (string name, JsonElement value) = (property.Name, property.Value);
        string typeName = value.GetProperty("dtype").GetString() ?? "";
        if (!SafeTensorsTypes.TryParse(typeName, out ScalarType type)) throw UnknownType(source, name, typeName);
        JsonElement sizes = value.GetProperty("shape");
        if (sizes.GetArrayLength() > MaximumDimensions) throw Damaged(source, $"tensor '{name}' has {sizes.GetArrayLength()} dimensions; at most {MaximumDimensions} are allowed");
        long[] shape = [.. sizes.EnumerateArray().Select(size => size.GetInt64())];
        long[] offsets = [.. value.GetProperty("data_offsets").EnumerateArray().Take(3).Select(offset => offset.GetInt64())];
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || shape.Any(size => size < 0)) throw Damaged(source, $"shape or place of tensor '{name}' is impossible");
        long? bytes = ByteCount(shape, SafeTensorsTypes.BytesOf(type));
        if (bytes != offsets[1] - offsets[0])
            throw Damaged(source, $"tensor '{name}' of {typeName} [{string.Join(", ", shape)}] needs {bytes?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "more than 2^63"} bytes; its place has {offsets[1] - offsets[0]}");
        return new SafeTensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    /// <summary>Null where the sizes overflow, even if one of them is 0: strides would overflow, too.</summary>
    private static long? ByteCount(long[] shape, int elementBytes)
    {
        try
        {
            long all = shape.Where(size => size > 0).Aggregate((long)elementBytes, (product, size) => checked(product * size));
            return shape.Contains(0) ? 0 : all;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static Exception UnknownType(string source, string tensor, string type) => SafeTensorsTypes.IsOfTheFormat(type)
        ? new NotSupportedException($"'{source}': tensor '{tensor}' has elements of type {type}, which the library does not compute with; supported are {string.Join(", ", SafeTensorsTypes.Names)}. Save the weights as one of these with the program that made the file.")
        : Damaged(source, $"tensor '{tensor}' has elements of type '{ShortList.Cut(type)}', which the format does not know");
}
