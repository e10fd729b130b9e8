using Microsoft.ML.Internal.Utilities;

namespace Microsoft.ML.Data;

/// <summary>Copies a cursor's active columns, and the ids of its rows, into batches.</summary>
internal sealed class BatchCollector
{
    private readonly ColumnCollector[] _columns;

    public BatchCollector(DataViewRowCursor cursor, DataViewSchema.Column[] active)
        => _columns = active.Select(column => Utils.MarshalInvoke(Collector<int>, column.Type.RawType, cursor, column))
            .Append(new ColumnCollector<DataViewRowId>(cursor.GetIdGetter())).ToArray();

    private static ColumnCollector Collector<T>(DataViewRowCursor cursor, DataViewSchema.Column column) => new ColumnCollector<T>(cursor.GetGetter<T>(column));

    public int Count { get; private set; }

    public int Add()
    {
        foreach (var column in _columns)
            column.Fill(Count);
        return ++Count;
    }

    public RowBatch Take(long number)
    {
        var batch = new RowBatch(Array.ConvertAll(_columns, column => column.Take()), Count, number);
        Count = 0;
        return batch;
    }
}

internal abstract class ColumnCollector
{
    public abstract void Fill(int row);

    public abstract Array Take();
}

internal sealed class ColumnCollector<T>(ValueGetter<T> getter) : ColumnCollector
{
    private T[] _values = [];

    public override void Fill(int row)
    {
        if (row == _values.Length)
            Array.Resize(ref _values, Math.Max(8, 2 * row));
        getter(ref _values[row]);
    }

    public override Array Take()
    {
        var values = _values;
        _values = [];
        return values;
    }
}
