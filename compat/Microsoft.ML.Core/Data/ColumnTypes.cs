using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>What is asked of column types again and again.</summary>
internal static class ColumnTypeExtensions
{
    private static readonly PrimitiveDataViewType[] Primitives =
    [
        NumberDataViewType.SByte, NumberDataViewType.Byte, NumberDataViewType.Int16, NumberDataViewType.UInt16, NumberDataViewType.Int32,
        NumberDataViewType.UInt32, NumberDataViewType.Int64, NumberDataViewType.UInt64, NumberDataViewType.Single, NumberDataViewType.Double,
        TextDataViewType.Instance, BooleanDataViewType.Instance, TimeSpanDataViewType.Instance, DateTimeDataViewType.Instance,
        DateTimeOffsetDataViewType.Instance, RowIdDataViewType.Instance,
    ];

    public static DataViewType GetItemType(this DataViewType type) => (type as VectorDataViewType)?.ItemType ?? type;

    /// <summary>0 for scalars, and for vectors of unknown length.</summary>
    public static int GetVectorSize(this DataViewType type) => (type as VectorDataViewType)?.Size ?? 0;

    /// <summary>1 for scalars, 0 for vectors of unknown length.</summary>
    public static int GetValueCount(this DataViewType type) => (type as VectorDataViewType)?.Size ?? 1;

    public static bool IsKnownSizeVector(this DataViewType type) => type.GetVectorSize() > 0;

    public static ulong GetKeyCount(this DataViewType type) => (type as KeyDataViewType)?.Count ?? 0;

    public static int GetKeyCountAsInt32(this DataViewType type, IExceptionContext ctx = null)
    {
        ulong count = type.GetKeyCount();
        ctx.Check(count <= int.MaxValue, "Count of a key column exceeds int.MaxValue.");
        return (int)count;
    }

    public static bool SameSizeAndItemType(this DataViewType type, DataViewType other)
        => other != null && type.GetItemType().Equals(other.GetItemType()) && type.GetValueCount() == other.GetValueCount() && type is VectorDataViewType == other is VectorDataViewType;

    /// <summary>The type of plain values of a raw type; null where there is none.</summary>
    public static PrimitiveDataViewType TryPrimitiveTypeFromType(Type rawType)
    {
        if (rawType == typeof(string))
            return TextDataViewType.Instance;
        return Array.Find(Primitives, type => type.RawType == rawType);
    }

    public static PrimitiveDataViewType PrimitiveTypeFromType(Type rawType)
        => TryPrimitiveTypeFromType(rawType) ?? throw Contracts.Except($"Bad data type: {rawType}");

    /// <summary>Kinds are numbered from 1 in the order of the primitive types.</summary>
    public static PrimitiveDataViewType PrimitiveTypeFromKind(DataKind kind)
        => kind is >= DataKind.SByte and <= DataKind.DateTimeOffset ? Primitives[(int)kind - 1] : throw Contracts.ExceptParam(nameof(kind), $"Bad data kind: {kind}");

    /// <summary>The kind of a type's raw values; 0 where there is none.</summary>
    public static DataKind GetRawKind(this DataViewType type)
    {
        int index = Array.FindIndex(Primitives, primitive => primitive.RawType == type.RawType);
        return index is >= 0 and < (int)DataKind.DateTimeOffset ? (DataKind)(index + 1) : 0;
    }
}

internal static class SchemaExtensions
{
    public static bool TryGetColumnIndex(this DataViewSchema schema, string name, out int index)
    {
        var column = schema.GetColumnOrNull(name);
        index = column?.Index ?? -1;
        return column.HasValue;
    }

    public static DataViewSchema MakeSchema(DataViewSchema.DetachedColumn[] columns)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(columns);
        return builder.ToSchema();
    }
}
