using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tests.Training.Observers;

/// <summary>A value of TensorBoard's: a scalar, or a text.</summary>
internal sealed record EventValue(string Tag, float? Scalar, string? Text, string? Plugin);

/// <summary>An event of TensorBoard's.</summary>
internal sealed record EventRecord(double WallTime, long Step, string? FileVersion, long? SessionStatus, IReadOnlyList<EventValue> Values);

/// <summary>Reads TensorBoard's event files with no help of the library's: frames, checksums (bit by bit), messages.</summary>
internal static class EventFile
{
    internal static List<EventRecord> Read(string path)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        List<EventRecord> events = [];
        while (bytes.Length > 0)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            Check(bytes[..8], BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
            Check(bytes.Slice(12, length), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]));
            events.Add(Event(bytes.Slice(12, length)));
            bytes = bytes[(16 + length)..];
        }
        return events;
    }

    internal static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte one in data)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }
        return crc ^ 0xFFFFFFFF;
    }

    private static void Check(ReadOnlySpan<byte> data, uint masked)
    {
        uint turned = masked - 0xa282ead8, crc = (turned >> 17) | (turned << 15);
        if (crc != Crc32C(data)) throw new InvalidDataException("A checksum is wrong.");
    }

    private static EventRecord Event(ReadOnlySpan<byte> bytes)
    {
        double time = 0;
        long step = 0;
        string? version = null;
        long? session = null;
        List<EventValue> values = [];
        foreach ((int field, int type, byte[] data) in Fields(bytes))
        {
            switch (field, type)
            {
                case (1, 1): time = BinaryPrimitives.ReadDoubleLittleEndian(data); break;
                case (2, 0): step = Varint(data); break;
                case (3, 2): version = Encoding.UTF8.GetString(data); break;
                case (5, 2): values.AddRange(Fields(data).Select(value => value is (1, 2, _) ? Value(value.Data) : throw new InvalidDataException())); break;
                case (7, 2): session = Varint(Fields(data).Single(one => one is (1, 0, _)).Data); break;
                default: throw new InvalidDataException($"Event has no field {field} of type {type}.");
            }
        }
        return new EventRecord(time, step, version, session, values);
    }

    private static EventValue Value(byte[] bytes)
    {
        string? tag = null, text = null, plugin = null;
        float? scalar = null;
        foreach ((int field, int type, byte[] data) in Fields(bytes))
        {
            switch (field, type)
            {
                case (1, 2): tag = Encoding.UTF8.GetString(data); break;
                case (2, 5): scalar = BinaryPrimitives.ReadSingleLittleEndian(data); break;
                case (8, 2): text = Tensor(data); break;
                case (9, 2): plugin = Encoding.UTF8.GetString(Fields(Fields(data).Single(one => one is (1, 2, _)).Data).Single(one => one is (1, 2, _)).Data); break;
                default: throw new InvalidDataException($"Value has no field {field} of type {type}.");
            }
        }
        return new EventValue(tag!, scalar, text, plugin);
    }

    private static string Tensor(byte[] bytes)
    {
        Dictionary<int, byte[]> fields = Fields(bytes).ToDictionary(field => field.Field, field => field.Data);
        if (Varint(fields[1]) != 7) throw new InvalidDataException("The tensor does not hold strings.");
        if (Varint(Fields(Fields(fields[2]).Single(one => one is (2, 2, _)).Data).Single(one => one is (1, 0, _)).Data) != 1) throw new InvalidDataException("The tensor does not hold one string.");
        return Encoding.UTF8.GetString(fields[8]);
    }

    private static List<(int Field, int Type, byte[] Data)> Fields(ReadOnlySpan<byte> bytes)
    {
        List<(int, int, byte[])> fields = [];
        while (bytes.Length > 0)
        {
            long tag = Take(ref bytes);
            int type = (int)(tag & 7), length;
            switch (type)
            {
                case 0:
                    ReadOnlySpan<byte> before = bytes;
                    Take(ref bytes);
                    fields.Add(((int)(tag >> 3), type, before[..(before.Length - bytes.Length)].ToArray()));
                    continue;
                case 1: length = 8; break;
                case 2: length = (int)Take(ref bytes); break;
                case 5: length = 4; break;
                default: throw new InvalidDataException($"{type} is no wire type.");
            }
            fields.Add(((int)(tag >> 3), type, bytes[..length].ToArray()));
            bytes = bytes[length..];
        }
        return fields;
    }

    private static long Varint(ReadOnlySpan<byte> bytes) => Take(ref bytes);

    private static long Take(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte one = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80) return (long)value;
        }
    }
}
