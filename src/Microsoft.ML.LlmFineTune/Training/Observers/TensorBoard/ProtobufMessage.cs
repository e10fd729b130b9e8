using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A message of Protocol Buffers (wire format: protobuf.dev/programming-guides/encoding), field by field. Fields of value 0 are written, too.</summary>
internal sealed class ProtobufMessage
{
    private const int Varint = 0, Fixed64 = 1, Counted = 2, Fixed32 = 5;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>What was written.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    /// <summary>Begins anew.</summary>
    internal void Clear() => _bytes.ResetWrittenCount();

    internal ProtobufMessage Integer(int field, long value)
    {
        Tag(field, Varint);
        WriteVarint((ulong)value);
        return this;
    }

    internal ProtobufMessage Double(int field, double value)
    {
        Tag(field, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.GetSpan(sizeof(double)), value);
        _bytes.Advance(sizeof(double));
        return this;
    }

    internal ProtobufMessage Single(int field, float value)
    {
        Tag(field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.GetSpan(sizeof(float)), value);
        _bytes.Advance(sizeof(float));
        return this;
    }

    internal ProtobufMessage Text(int field, string value) => Part(field, Encoding.UTF8.GetBytes(value));

    internal ProtobufMessage Message(int field, ProtobufMessage value) => Part(field, value.Bytes);

    private ProtobufMessage Part(int field, ReadOnlySpan<byte> bytes)
    {
        Tag(field, Counted);
        WriteVarint((ulong)bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    private void Tag(int field, int type) => WriteVarint((ulong)((field << 3) | type));

    private void WriteVarint(ulong value)
    {
        Span<byte> bytes = _bytes.GetSpan(10);
        int count = 0;
        for (; value >= 0x80; value >>= 7) bytes[count++] = (byte)(value | 0x80);
        bytes[count++] = (byte)value;
        _bytes.Advance(count);
    }
}
