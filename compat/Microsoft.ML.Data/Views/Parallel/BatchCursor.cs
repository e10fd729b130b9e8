using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Shows the rows of batches as they come.</summary>
internal sealed class BatchCursor : RootCursorBase
{
    private readonly DataViewSchema.Column[] _active;
    private readonly int[] _slots;
    private readonly BatchQueue _batches;
    private readonly Action _close;
    private RowBatch _batch;
    private int _row;
    private bool _disposed;

    public BatchCursor(IChannelProvider provider, DataViewSchema schema, DataViewSchema.Column[] active, BatchQueue batches, Action close) : base(provider)
    {
        Schema = schema;
        _active = active;
        _slots = Enumerable.Repeat(-1, schema.Count).ToArray();
        for (int i = 0; i < active.Length; i++)
            _slots[active[i].Index] = i;
        _batches = batches;
        _close = close;
    }

    public override DataViewSchema Schema { get; }

    public override long Batch => _batch?.Number ?? 0;

    protected override bool MoveNextCore()
    {
        if (_batch != null && ++_row < _batch.Count)
            return true;
        _batch = _batches.TakeOrNull();
        _row = 0;
        return _batch != null;
    }

    public override bool IsColumnActive(DataViewSchema.Column column)
    {
        Ch.CheckParam(column.Index < _slots.Length, nameof(column));
        return _slots[column.Index] >= 0;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => Getter<DataViewRowId>(_active.Length);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Ch.CheckParam(IsColumnActive(column), nameof(column), "requested column not active.");
        if (column.Type.RawType != typeof(TValue))
            throw Ch.Except($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
        int slot = _slots[column.Index];
        return column.Type is VectorDataViewType vector
            ? (ValueGetter<TValue>)Utils.MarshalInvoke(VectorGetter<int>, vector.ItemType.RawType, slot)
            : Getter<TValue>(slot);
    }

    private ValueGetter<T> Getter<T>(int slot) => (ref T value) => value = Values<T>(slot)[_row];

    // The reader gets a copy: it may write into what it was given.
    private Delegate VectorGetter<T>(int slot) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Values<VBuffer<T>>(slot)[_row].CopyTo(ref value));

    private T[] Values<T>(int slot)
    {
        Ch.Check(IsGood, RowCursorUtils.FetchValueStateError);
        return (T[])_batch.Columns[slot];
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (disposing)
            _close();
        base.Dispose(disposing);
    }
}
