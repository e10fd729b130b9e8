using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Hashes of values: 1 and up, and 0 for what is missing (NaN, empty text, a missing key).</summary>
internal static class ValueHasher
{
    /// <summary>Takes a value into a hash; false when the value is missing.</summary>
    private delegate bool Round<T>(T value, ref uint hash);

    public static ValueGetter<uint> GetHashGetter(DataViewRow row, DataViewSchema.Column column, uint seed, int bits)
        => column.Type is VectorDataViewType vector
            ? Utils.MarshalInvoke(VectorGetter<int>, vector.ItemType.RawType, row, column, seed, bits)
            : Utils.MarshalInvoke(ScalarGetter<int>, column.Type.RawType, row, column, seed, bits);

    private static ValueGetter<uint> ScalarGetter<T>(DataViewRow row, DataViewSchema.Column column, uint seed, int bits)
    {
        var getter = row.GetGetter<T>(column);
        var (round, size) = RoundOf<T>(column.Type is KeyDataViewType);
        uint mask = (1u << bits) - 1;
        T value = default;
        return (ref uint result) =>
        {
            getter(ref value);
            uint hash = seed;
            result = round(value, ref hash) ? (Finish(hash, size) & mask) + 1 : 0;
        };
    }

    // The hash of all items together; one missing item makes the whole missing.
    private static ValueGetter<uint> VectorGetter<T>(DataViewRow row, DataViewSchema.Column column, uint seed, int bits)
    {
        var getter = row.GetGetter<VBuffer<T>>(column);
        var (round, size) = RoundOf<T>(column.Type.GetItemType() is KeyDataViewType);
        uint mask = (1u << bits) - 1;
        VBuffer<T> value = default;
        return (ref uint result) =>
        {
            getter(ref value);
            uint hash = seed;
            result = 0;
            foreach (var item in value.DenseValues())
                if (!round(item, ref hash))
                    return;
            result = (Finish(hash, size * value.Length) & mask) + 1;
        };
    }

    // Text brings its own end.
    private static uint Finish(uint hash, int size) => size == 0 ? hash : Hashing.MixHash(hash, size);

    private static (Round<T> Round, int Size) RoundOf<T>(bool isKey)
    {
        (Delegate Round, int Size) found = default(T) switch
        {
            ReadOnlyMemory<char> => ((Round<ReadOnlyMemory<char>>)Text, 0),
            float => ((Round<float>)Single, sizeof(float)),
            double => ((Round<double>)Double, sizeof(double)),
            byte => ((Round<byte>)((byte value, ref uint hash) => Integer(value, isKey, ref hash)), sizeof(uint)),
            ushort => ((Round<ushort>)((ushort value, ref uint hash) => Integer(value, isKey, ref hash)), sizeof(uint)),
            uint => ((Round<uint>)((uint value, ref uint hash) => Integer(value, isKey, ref hash)), sizeof(uint)),
            sbyte => ((Round<sbyte>)((sbyte value, ref uint hash) => Integer((uint)value, false, ref hash)), sizeof(uint)),
            short => ((Round<short>)((short value, ref uint hash) => Integer((uint)value, false, ref hash)), sizeof(uint)),
            int => ((Round<int>)((int value, ref uint hash) => Integer((uint)value, false, ref hash)), sizeof(uint)),
            bool => ((Round<bool>)((bool value, ref uint hash) => Integer(value ? 1u : 0, false, ref hash)), sizeof(uint)),
            long => ((Round<long>)((long value, ref uint hash) => Long((ulong)value, false, ref hash)), sizeof(ulong)),
            ulong => ((Round<ulong>)((ulong value, ref uint hash) => Long(value, isKey, ref hash)), sizeof(ulong)),
            DateTime => ((Round<DateTime>)((DateTime value, ref uint hash) => Long((ulong)value.Ticks, false, ref hash)), sizeof(ulong)),
            DateTimeOffset => ((Round<DateTimeOffset>)((DateTimeOffset value, ref uint hash) => Long((ulong)value.UtcTicks, false, ref hash)), sizeof(ulong)),
            TimeSpan => ((Round<TimeSpan>)((TimeSpan value, ref uint hash) => Long((ulong)value.Ticks, false, ref hash)), sizeof(ulong)),
            DataViewRowId => ((Round<DataViewRowId>)((DataViewRowId value, ref uint hash) => Long(value.Low, false, ref hash) && Long(value.High, false, ref hash)), 2 * sizeof(ulong)),
            _ => throw Contracts.Except($"Values of type {typeof(T)} cannot be hashed"),
        };
        return ((Round<T>)found.Round, found.Size);
    }

    private static bool Integer(uint value, bool isKey, ref uint hash)
    {
        if (isKey && value == 0)
            return false;
        hash = Hashing.MurmurRound(hash, value);
        return true;
    }

    private static bool Long(ulong value, bool isKey, ref uint hash)
    {
        if (isKey && value == 0)
            return false;
        hash = Hashing.MurmurRound(Hashing.MurmurRound(hash, (uint)value), (uint)(value >> 32));
        return true;
    }

    private static bool Text(ReadOnlyMemory<char> value, ref uint hash)
    {
        if (value.IsEmpty)
            return false;
        hash = Hashing.MurmurHashV2(hash, value.Span.Trim(' '));
        return true;
    }

    // 0 and -0 are one value.
    private static bool Single(float value, ref uint hash) => !float.IsNaN(value) && Integer(BitConverter.SingleToUInt32Bits(value == 0 ? 0 : value), false, ref hash);

    private static bool Double(double value, ref uint hash) => !double.IsNaN(value) && Long(BitConverter.DoubleToUInt64Bits(value == 0 ? 0 : value), false, ref hash);
}
