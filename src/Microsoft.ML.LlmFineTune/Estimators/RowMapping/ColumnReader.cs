using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>Walks a view once, reading what training needs of it.</summary>
internal static class ColumnReader
{
    /// <summary>All texts of a column, in order.</summary>
    internal static List<string> Texts(IDataView view, DataViewSchema.Column column, CancellationToken cancellation) => [.. StreamTexts(view, column, cancellation)];

    /// <summary>The texts of a column one after the other, as they are asked for: none is kept.</summary>
    internal static IEnumerable<string> StreamTexts(IDataView view, DataViewSchema.Column column, CancellationToken cancellation)
    {
        using var cursor = view.GetRowCursor([column]);
        var read = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            read(ref text);
            yield return text.ToString();
        }
    }

    /// <summary>Calls for every row what <paramref name="bind"/> made of the cursor.</summary>
    internal static void Walk(IDataView view, DataViewSchema.Column[] columns, CancellationToken cancellation, Func<DataViewRow, Action> bind)
    {
        using var cursor = view.GetRowCursor(columns);
        var visit = bind(cursor);
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            visit();
        }
    }

    /// <summary>Reads a key of whatever width: 0 for missing, 1 for the first value.</summary>
    internal static Func<ulong> KeyGetter(DataViewRow row, DataViewSchema.Column column)
    {
        var raw = column.Type.RawType;
        return raw == typeof(uint) ? Wrap<uint>(row, column, value => value)
            : raw == typeof(byte) ? Wrap<byte>(row, column, value => value)
            : raw == typeof(ushort) ? Wrap<ushort>(row, column, value => value)
            : Wrap<ulong>(row, column, value => value);
    }

    private static Func<ulong> Wrap<TKey>(DataViewRow row, DataViewSchema.Column column, Func<TKey, ulong> widen)
    {
        var read = row.GetGetter<TKey>(column);
        TKey value = default!;
        return () =>
        {
            read(ref value);
            return widen(value);
        };
    }
}
