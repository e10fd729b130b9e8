using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

internal static class RowCursorUtils
{
    /// <summary>A getter is called before MoveNext, or after it answered false.</summary>
    public const string FetchValueStateError = "Values cannot be fetched at this time. This method was called either before the first call to MoveNext, or at any point after MoveNext returned false.";

    /// <summary>The getter of a column whose type is known at run time only.</summary>
    public static Delegate GetGetterAsDelegate(DataViewRow row, int col)
    {
        var column = row.Schema[col];
        Contracts.CheckParam(row.IsColumnActive(column), nameof(col), "column was not active");
        return Utils.MarshalInvoke(GetGetter<int>, column.Type.RawType, row, column);
    }

    private static Delegate GetGetter<TValue>(DataViewRow row, DataViewSchema.Column column) => row.GetGetter<TValue>(column);

    public static Func<int, bool> FromColumnsToPredicate(IEnumerable<DataViewSchema.Column> columnsNeeded, DataViewSchema sourceSchema)
    {
        Contracts.CheckValue(columnsNeeded, nameof(columnsNeeded));
        var needed = new bool[sourceSchema.Count];
        foreach (var column in columnsNeeded)
        {
            if (column.Index >= needed.Length)
                throw Contracts.Except($"The requested column: {column} is not part of the {nameof(sourceSchema)}");
            needed[column.Index] = true;
        }
        return column => needed[column];
    }
}
