using System.Buffers.Binary;
using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// A record of a TFRecord file (tensorflow/core/lib/io/record_writer.h): length (uint64), masked CRC-32C of the length (uint32), data, masked CRC-32C of the data (uint32); all little-endian.
/// </summary>
internal static class RecordFrame
{
    private const uint MaskDelta = 0xa282ead8;

    /// <summary>Adds a record to a file.</summary>
    internal static void Add(ObserverFile file, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[sizeof(ulong) + sizeof(uint)], foot = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[sizeof(ulong)..], Masked(Checksum(head[..sizeof(ulong)])));
        BinaryPrimitives.WriteUInt32LittleEndian(foot, Masked(Checksum(data)));
        file.Add([.. head, .. data, .. foot]);
    }

    /// <summary>CRC-32C (RFC 3720, section 12.1).</summary>
    internal static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte one in data) crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    /// <summary>A checksum of data that holds checksums itself would be weak.</summary>
    internal static uint Masked(uint crc) => BitOperations.RotateRight(crc, 15) + MaskDelta;
}
