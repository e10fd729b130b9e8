namespace TorchSharp.Utils;

/// <summary>Whole numbers in groups of seven bits, as TorchSharp's files have them.</summary>
internal static class Leb128
{
    internal static void Encode(this BinaryWriter writer, long value)
    {
        if (value < 0) throw new NotSupportedException("LEB128 encoding of negative numbers");
        do
        {
            var group = value & 0x7f;
            value >>= 7;
            writer.Write((byte)(value == 0 ? group : group | 0x80));
        } while (value != 0);
    }

    internal static long Decode(this BinaryReader reader)
    {
        var value = 0L;
        for (var shift = 0; ; shift += 7)
        {
            long group = reader.ReadByte();
            value |= (group & 0x7f) << shift;
            if (group < 0x80) return value;
        }
    }
}
