using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Reads the metadata of a GGUF file (the format of ggml, versions 2 and 3, little-endian). Every count and length is compared with what is left of the file before anything is made of it, and only wanted entries are kept.
/// </summary>
internal sealed class GgufReader
{
    private const uint Magic = 0x46554747;
    private const int LargestText = 1 << 24;
    private const long MostKept = 1 << 28;
    private const int DeepestArray = 4;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly Stream _stream;
    private readonly string _file;
    private readonly long _length;
    private readonly byte[] _small = new byte[8];
    private long _at;
    private long _kept;

    private GgufReader(Stream stream, string file) => (_stream, _file, _length) = (stream, file, stream.Length - stream.Position);

    private enum ValueType : uint
    {
        UInt8 = 0,
        Int8 = 1,
        UInt16 = 2,
        Int16 = 3,
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Boolean = 7,
        Text = 8,
        Array = 9,
        UInt64 = 10,
        Int64 = 11,
        Float64 = 12,
    }

    /// <summary>The entries whose keys are wanted. Integers are longs, real numbers doubles; arrays are arrays of these, of texts or of truth values.</summary>
    /// <param name="stream">The file, at its begin; must be seekable.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="wanted">Which keys are kept.</param>
    /// <exception cref="InvalidDataException">The file is damaged; the message names the file and the place.</exception>
    /// <exception cref="NotSupportedException">The file is of another version, or has more than a tokenizer can have.</exception>
    public static Dictionary<string, object> Read(Stream stream, string file, Func<string, bool> wanted) => new GgufReader(stream, file).Read(wanted);

    private Dictionary<string, object> Read(Func<string, bool> wanted)
    {
        if (_length < 24 || UInt32() != Magic)
            throw new InvalidDataException($"{_file} must begin with 'GGUF' and a header of 24 bytes: it is no GGUF file.");
        var version = UInt32();
        if (version is not (2 or 3))
            throw new NotSupportedException($"{_file} must be GGUF of version 2 or 3, little-endian; its version is {version}{(BinaryPrimitives.ReverseEndianness(version) is 2 or 3 ? " (big-endian)" : "")}.");
        UInt64();
        var count = Count("metadata entries", 13);
        var entries = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0L; i < count; i++)
        {
            var key = Text($"the key of entry {i}");
            var type = Type();
            var value = Value(key, type, wanted(key), 0);
            if (value is not null && !entries.TryAdd(key, value))
                throw Malformed($"the key '{key}' is there twice");
        }
        return entries;
    }

    private object? Value(string key, ValueType type, bool keep, int depth) => type switch
    {
        ValueType.Text => keep ? Text(key) : Skip(Count(key, 1)),
        ValueType.Array => Array(key, keep, depth),
        _ => Number(key, type),
    };

    private object? Array(string key, bool keep, int depth)
    {
        if (depth == DeepestArray)
            throw new NotSupportedException($"{_file}: '{key}' has arrays in arrays deeper than {DeepestArray}.");
        var type = Type();
        var size = SizeOf(type);
        var count = Count(key, size);
        if (keep)
        {
            if (type == ValueType.Array)
                throw new NotSupportedException($"{_file}: '{key}' must be an array of single values; it is one of arrays.");
            return Kept(key, type, count, size);
        }
        if (type is not (ValueType.Text or ValueType.Array))
            return Skip(count * size);
        for (var i = 0L; i < count; i++)
            Value(key, type, keep: false, depth + 1);
        return null;
    }

    private object Kept(string key, ValueType type, long count, int size)
    {
        Keep(key, count * size);
        return type switch
        {
            ValueType.Text => Values(count, () => Text(key)),
            ValueType.Boolean => Values(count, () => (bool)Number(key, type)),
            ValueType.Float32 or ValueType.Float64 => Values(count, () => (double)Number(key, type)),
            _ => Values(count, () => (long)Number(key, type)),
        };
    }

    private static T[] Values<T>(long count, Func<T> read)
    {
        var values = new T[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = read();
        return values;
    }

    private object Number(string key, ValueType type) => type switch
    {
        ValueType.UInt8 => (long)Take(1)[0],
        ValueType.Int8 => (long)(sbyte)Take(1)[0],
        ValueType.UInt16 => (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
        ValueType.Int16 => (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2)),
        ValueType.UInt32 => (long)UInt32(),
        ValueType.Int32 => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)),
        ValueType.Float32 => (double)BinaryPrimitives.ReadSingleLittleEndian(Take(4)),
        ValueType.UInt64 => UInt64() is var value && value <= long.MaxValue ? (long)value : throw Malformed($"'{key}' must be below 2^63; it is {value}"),
        ValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(Take(8)),
        ValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)),
        _ => Take(1)[0] is var flag && flag <= 1 ? flag == 1 : throw Malformed($"'{key}' must be 0 or 1; it is {flag}"),
    };

    private string Text(string what)
    {
        var length = Count(what, 1);
        if (length > LargestText)
            throw new NotSupportedException($"{_file}, byte {_at}: {what} has {length} bytes; texts of up to {LargestText} are read.");
        Keep(what, length);
        var bytes = new byte[length];
        Fill(bytes);
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{_file}, byte {_at - length}: {what} is not valid UTF-8.", e);
        }
    }

    private ValueType Type()
    {
        var type = (ValueType)UInt32();
        return Enum.IsDefined(type) ? type : throw Malformed($"a value's type must be from 0 to 12; it is {(uint)type}");
    }

    // The least that one value takes: a text has its length, an array its type and count.
    private static int SizeOf(ValueType type) => type switch
    {
        ValueType.UInt8 or ValueType.Int8 or ValueType.Boolean => 1,
        ValueType.UInt16 or ValueType.Int16 => 2,
        ValueType.UInt32 or ValueType.Int32 or ValueType.Float32 => 4,
        ValueType.Array => 12,
        _ => 8,
    };

    private long Count(string what, int size)
    {
        var count = UInt64();
        return count <= (ulong)((_length - _at) / size) ? (long)count : throw Malformed($"{what}: {count} of at least {size} bytes cannot be in the {_length - _at} bytes that are left");
    }

    private void Keep(string what, long bytes)
    {
        _kept += bytes;
        if (_kept > MostKept)
            throw new NotSupportedException($"{_file}, byte {_at}: with {what} the tokenizer has more than {MostKept} bytes.");
    }

    private uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    private ReadOnlySpan<byte> Take(int length)
    {
        Fill(_small.AsSpan(0, length));
        return _small.AsSpan(0, length);
    }

    private void Fill(Span<byte> into)
    {
        if (into.Length > _length - _at)
            throw Malformed("the file ends inside a value");
        _stream.ReadExactly(into);
        _at += into.Length;
    }

    private object? Skip(long bytes)
    {
        if (bytes > _length - _at)
            throw Malformed("the file ends inside a value");
        _stream.Seek(bytes, SeekOrigin.Current);
        _at += bytes;
        return null;
    }

    private InvalidDataException Malformed(string complaint) => new($"{_file}, byte {_at}: {complaint}.");
}
