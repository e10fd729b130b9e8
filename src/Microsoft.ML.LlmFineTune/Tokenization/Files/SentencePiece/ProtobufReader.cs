using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Walks over the fields of one protobuf message. Everything is a view of the bytes given, so no length in them is trusted for an allocation; every complaint names the place.
/// </summary>
/// <param name="bytes">The message.</param>
/// <param name="file">What the message came from, for errors.</param>
/// <param name="start">Where the message stands in it.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes, string file, int start = 0)
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private WireType _type;

    private enum WireType
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    /// <summary>The number of the field that the reader stands at.</summary>
    public int Field { get; private set; }

    /// <summary>Goes to the next field; false at the end of the message. A field that is not wanted must be skipped.</summary>
    public bool Next()
    {
        if (_at == _bytes.Length)
            return false;
        var tag = Varint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        _type = (WireType)(tag & 7);
        if (Field is 0 or > 536_870_911 || !Enum.IsDefined(_type))
            throw Malformed($"a field's tag must have a number from 1 to 536870911 and the wire type 0, 1, 2 or 5; it is {tag}");
        return true;
    }

    /// <summary>Skips the field's value.</summary>
    public void Skip()
    {
        switch (_type)
        {
            case WireType.Varint: Varint(); break;
            case WireType.Fixed64: Take(8); break;
            case WireType.Bytes: Take(Length()); break;
            default: Take(4); break;
        }
    }

    /// <summary>An int32 or an enumeration's number.</summary>
    public int Int32()
    {
        Demand(WireType.Varint);
        return unchecked((int)Varint());
    }

    public bool Boolean()
    {
        Demand(WireType.Varint);
        return Varint() != 0;
    }

    public float Float()
    {
        Demand(WireType.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public ReadOnlySpan<byte> Bytes()
    {
        Demand(WireType.Bytes);
        return Take(Length());
    }

    public string Text()
    {
        var at = _at;
        try
        {
            return Utf8.GetString(Bytes());
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{file}, byte {start + at}: a text is not valid UTF-8.", e);
        }
    }

    /// <summary>The message inside this field.</summary>
    public ProtobufReader Message()
    {
        var bytes = Bytes();
        return new ProtobufReader(bytes, file, start + _at - bytes.Length);
    }

    public readonly InvalidDataException Malformed(string complaint) => new($"{file}, byte {start + _at}: {complaint}.");

    private readonly void Demand(WireType type)
    {
        if (_type != type)
            throw Malformed($"field {Field} must have the wire type {(int)type}; it has {(int)_type}");
    }

    private int Length()
    {
        var length = Varint();
        return length <= (ulong)(_bytes.Length - _at) ? (int)length : throw Malformed($"field {Field} says it has {length} bytes; {_bytes.Length - _at} are left");
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _bytes.Length - _at)
            throw Malformed($"field {Field} needs {length} bytes; {_bytes.Length - _at} are left");
        _at += length;
        return _bytes.Slice(_at - length, length);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_at == _bytes.Length)
                throw Malformed("the file ends inside a number");
            var part = _bytes[_at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw Malformed("a number has more than ten bytes");
    }
}
