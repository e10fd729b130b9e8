using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>Values of one input column for the rows that were read ahead. Each slot keeps its own storage, so a row never sees its successor's values.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>A buffer of the column's raw type, filled from <paramref name="row"/>.</summary>
    internal static ColumnBuffer Over(DataViewRow row, DataViewSchema.Column column, int capacity)
    {
        var raw = column.Type.RawType;
        var buffer = raw.IsGenericType && raw.GetGenericTypeDefinition() == typeof(VBuffer<>)
            ? typeof(VectorBuffer<>).MakeGenericType(raw.GetGenericArguments()[0])
            : typeof(ScalarBuffer<>).MakeGenericType(raw);
        return (ColumnBuffer)Activator.CreateInstance(buffer, row, column, capacity)!;
    }

    /// <summary>Keeps the value of the row that the input stands on.</summary>
    internal abstract void Store(int slot);

    /// <summary>A <c>ValueGetter</c> that copies the value of the slot <paramref name="current"/> names.</summary>
    internal abstract Delegate Getter(Func<int> current);

    private sealed class ScalarBuffer<TValue>(DataViewRow row, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        private readonly ValueGetter<TValue> _read = row.GetGetter<TValue>(column);
        private readonly TValue[] _values = new TValue[capacity];

        internal override void Store(int slot) => _read(ref _values[slot]);

        internal override Delegate Getter(Func<int> current) => (ValueGetter<TValue>)((ref TValue value) => value = _values[current()]);
    }

    private sealed class VectorBuffer<TItem>(DataViewRow row, DataViewSchema.Column column, int capacity) : ColumnBuffer
    {
        private readonly ValueGetter<VBuffer<TItem>> _read = row.GetGetter<VBuffer<TItem>>(column);
        private readonly VBuffer<TItem>[] _values = new VBuffer<TItem>[capacity];

        internal override void Store(int slot) => _read(ref _values[slot]);

        internal override Delegate Getter(Func<int> current) =>
            (ValueGetter<VBuffer<TItem>>)((ref VBuffer<TItem> value) => _values[current()].CopyTo(ref value));
    }
}
