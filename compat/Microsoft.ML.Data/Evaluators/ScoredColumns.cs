using System.Numerics;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Finds the columns of scored data by their roles, and reads labels as numbers.</summary>
internal static class ScoredColumns
{
    public static DataViewSchema.Column Find(IDataView data, string role, string name)
        => data.Schema.GetColumnOrNull(name) ?? throw Contracts.ExceptParam("schema", $"{role} column '{name}' not found");

    public static void CheckType(IExceptionContext context, DataViewSchema.Column column, string role, bool valid, string expected)
    {
        if (!valid)
            throw context.ExceptSchemaMismatch("schema", role, column.Name, expected, column.Type.ToString());
    }

    public static DataViewRowCursor Walk(IDataView data, params DataViewSchema.Column[] columns)
        => data.GetRowCursor(data.Schema.Where(column => columns.Any(needed => needed.Index == column.Index)));

    /// <summary>Keys count from 0, true is 1; a missing key, and one beyond its type's range, is NaN.</summary>
    public static ValueGetter<float> LabelGetter(DataViewRow row, DataViewSchema.Column column) => column.Type switch
    {
        KeyDataViewType key when key.RawType == typeof(byte) => KeyGetter<byte>(row, column, key.Count),
        KeyDataViewType key when key.RawType == typeof(ushort) => KeyGetter<ushort>(row, column, key.Count),
        KeyDataViewType key when key.RawType == typeof(uint) => KeyGetter<uint>(row, column, key.Count),
        KeyDataViewType key => KeyGetter<ulong>(row, column, key.Count),
        BooleanDataViewType => Converted<bool>(row, column, value => value ? 1 : 0),
        _ when column.Type == NumberDataViewType.Double => Converted<double>(row, column, value => (float)value),
        _ => row.GetGetter<float>(column),
    };

    private static ValueGetter<float> KeyGetter<T>(DataViewRow row, DataViewSchema.Column column, ulong count)
        where T : INumber<T>
        => Converted<T>(row, column, value => ulong.CreateTruncating(value) - 1 < count ? ulong.CreateTruncating(value) - 1 : float.NaN);

    private static ValueGetter<float> Converted<T>(DataViewRow row, DataViewSchema.Column column, Func<T, float> convert)
    {
        var getter = row.GetGetter<T>(column);
        T raw = default;
        return (ref float value) =>
        {
            getter(ref raw);
            value = convert(raw);
        };
    }
}
