using System.Collections.Immutable;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How types and values of columns are written into binary streams.</summary>
internal static class ValueCodec
{
    private const byte Key = 100, Vector = 101;

    /// <summary>Arrays are allocated in steps of this many items, so that a corrupt length costs no memory.</summary>
    private const int LargestStep = 1 << 16;

    public static void WriteType(BinaryWriter writer, DataViewType type)
    {
        switch (type)
        {
            case VectorDataViewType vector:
                writer.Write(Vector);
                WriteType(writer, vector.ItemType);
                writer.Write(vector.Dimensions.Length);
                foreach (int dimension in vector.Dimensions)
                    writer.Write(dimension);
                break;
            case KeyDataViewType key:
                writer.Write(Key);
                writer.Write((byte)key.GetRawKind());
                writer.Write(key.Count);
                break;
            case RowIdDataViewType:
                writer.Write((byte)(DataKind.DateTimeOffset + 1));
                break;
            default:
                var kind = type.GetRawKind();
                Contracts.Check(kind != 0, $"Values of type {type} cannot be saved");
                writer.Write((byte)kind);
                break;
        }
    }

    public static DataViewType ReadType(BinaryReader reader)
    {
        byte tag = reader.ReadByte();
        if (tag == Vector)
        {
            var itemType = ReadType(reader) as PrimitiveDataViewType ?? throw Contracts.ExceptDecode("Corrupt column type");
            int count = reader.ReadInt32();
            Contracts.CheckDecode(count is > 0 and <= 64, "Corrupt column type");
            var dimensions = new int[count];
            for (int i = 0; i < count; i++)
                Contracts.CheckDecode((dimensions[i] = reader.ReadInt32()) >= 0, "Corrupt column type");
            return new VectorDataViewType(itemType, ImmutableArray.Create(dimensions));
        }
        if (tag == Key)
        {
            var rawType = Primitive(reader.ReadByte()).RawType;
            return new KeyDataViewType(rawType, reader.ReadUInt64());
        }
        return Primitive(tag);
    }

    private static PrimitiveDataViewType Primitive(byte kind)
    {
        Contracts.CheckDecode(kind is >= (byte)DataKind.SByte and <= (byte)DataKind.DateTimeOffset + 1, "Corrupt column type");
        return kind > (byte)DataKind.DateTimeOffset ? RowIdDataViewType.Instance : ColumnTypeExtensions.PrimitiveTypeFromKind((DataKind)kind);
    }

    /// <summary>What writes a column's current value.</summary>
    public static Action<BinaryWriter> WriterOf(DataViewRow row, DataViewSchema.Column column)
        => column.Type is VectorDataViewType vector
            ? Utils.MarshalInvoke(VectorWriter<int>, vector.ItemType.RawType, row, column)
            : Utils.MarshalInvoke(ScalarWriter<int>, column.Type.RawType, row, column);

    /// <summary>A getter of the value that stands at the reader, which is read at once.</summary>
    public static Delegate ReadConstant(BinaryReader reader, DataViewType type)
        => type is VectorDataViewType vector
            ? Utils.MarshalInvoke(VectorConstant<int>, vector.ItemType.RawType, reader)
            : Utils.MarshalInvoke(ScalarConstant<int>, type.RawType, reader);

    private static Action<BinaryWriter> ScalarWriter<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<T>(column);
        var write = ItemWriter<T>();
        T value = default;
        return writer =>
        {
            getter(ref value);
            write(writer, value);
        };
    }

    private static Action<BinaryWriter> VectorWriter<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<VBuffer<T>>(column);
        var write = ItemWriter<T>();
        VBuffer<T> value = default;
        return writer =>
        {
            getter(ref value);
            writer.Write(value.Length);
            writer.Write(value.GetValues().Length);
            foreach (int index in value.GetIndices())
                writer.Write(index);
            foreach (var item in value.GetValues())
                write(writer, item);
        };
    }

    private static Delegate ScalarConstant<T>(BinaryReader reader)
    {
        T value = ItemReader<T>()(reader);
        return (ValueGetter<T>)((ref T destination) => destination = value);
    }

    private static Delegate VectorConstant<T>(BinaryReader reader)
    {
        VBuffer<T> value = ReadVector<T>(reader);
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> destination) => value.CopyTo(ref destination));
    }

    public static VBuffer<T> ReadVector<T>(BinaryReader reader)
    {
        int length = reader.ReadInt32(), count = reader.ReadInt32();
        Contracts.CheckDecode(0 <= count && count <= length, "Corrupt vector");
        int[] indices = count < length ? ReadItems(reader, count, source => source.ReadInt32()) : null;
        for (int i = 0; i < (indices?.Length ?? 0); i++)
            Contracts.CheckDecode((i == 0 ? -1 : indices[i - 1]) < indices[i] && indices[i] < length, "Corrupt vector");
        return new(length, count, ReadItems(reader, count, ItemReader<T>()), indices);
    }

    private static T[] ReadItems<T>(BinaryReader reader, int count, Func<BinaryReader, T> read)
    {
        var items = new List<T>(Math.Min(count, LargestStep));
        while (items.Count < count)
            items.Add(read(reader));
        return [.. items];
    }

    public static Action<BinaryWriter, T> ItemWriter<T>()
    {
        Delegate write = default(T) switch
        {
            sbyte => (BinaryWriter w, sbyte v) => w.Write(v),
            byte => (BinaryWriter w, byte v) => w.Write(v),
            short => (BinaryWriter w, short v) => w.Write(v),
            ushort => (BinaryWriter w, ushort v) => w.Write(v),
            int => (BinaryWriter w, int v) => w.Write(v),
            uint => (BinaryWriter w, uint v) => w.Write(v),
            long => (BinaryWriter w, long v) => w.Write(v),
            ulong => (BinaryWriter w, ulong v) => w.Write(v),
            float => (BinaryWriter w, float v) => w.Write(v),
            double => (BinaryWriter w, double v) => w.Write(v),
            bool => (BinaryWriter w, bool v) => w.Write(v),
            ReadOnlyMemory<char> => (BinaryWriter w, ReadOnlyMemory<char> v) => w.Write(v.ToString()),
            TimeSpan => (BinaryWriter w, TimeSpan v) => w.Write(v.Ticks),
            DateTime => (BinaryWriter w, DateTime v) => w.Write(v.Ticks),
            DateTimeOffset => (BinaryWriter w, DateTimeOffset v) =>
            {
                w.Write(v.Ticks);
                w.Write((short)v.Offset.TotalMinutes);
            },
            DataViewRowId => (BinaryWriter w, DataViewRowId v) =>
            {
                w.Write(v.Low);
                w.Write(v.High);
            },
            _ => throw Contracts.Except($"Values of type {typeof(T)} cannot be saved"),
        };
        return (Action<BinaryWriter, T>)write;
    }

    public static Func<BinaryReader, T> ItemReader<T>()
    {
        Delegate read = default(T) switch
        {
            sbyte => (BinaryReader r) => r.ReadSByte(),
            byte => (BinaryReader r) => r.ReadByte(),
            short => (BinaryReader r) => r.ReadInt16(),
            ushort => (BinaryReader r) => r.ReadUInt16(),
            int => (BinaryReader r) => r.ReadInt32(),
            uint => (BinaryReader r) => r.ReadUInt32(),
            long => (BinaryReader r) => r.ReadInt64(),
            ulong => (BinaryReader r) => r.ReadUInt64(),
            float => (BinaryReader r) => r.ReadSingle(),
            double => (BinaryReader r) => r.ReadDouble(),
            bool => (BinaryReader r) => r.ReadBoolean(),
            ReadOnlyMemory<char> => (BinaryReader r) => r.ReadString().AsMemory(),
            TimeSpan => (BinaryReader r) => new TimeSpan(r.ReadInt64()),
            DateTime => (BinaryReader r) => new DateTime(r.ReadInt64()),
            DateTimeOffset => (BinaryReader r) => new DateTimeOffset(r.ReadInt64(), TimeSpan.FromMinutes(r.ReadInt16())),
            DataViewRowId => (BinaryReader r) => new DataViewRowId(r.ReadUInt64(), r.ReadUInt64()),
            _ => throw Contracts.Except($"Values of type {typeof(T)} cannot be loaded"),
        };
        return (Func<BinaryReader, T>)read;
    }
}
