using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A view with a column of random numbers in [0, 1): the same for the same seed and position, whatever the rows hold.</summary>
internal sealed class RandomNumberView : TransformBase
{
    private readonly ColumnBindings _bindings;
    private readonly uint _seed;

    public RandomNumberView(IHostEnvironment env, IDataView input, string name, uint? seed) : base(env, "GenerateNumber", input)
    {
        _bindings = new(input.Schema, [new(name, NumberDataViewType.Single)]);
        _seed = seed ?? 42;
    }

    public override DataViewSchema OutputSchema => _bindings.Schema;

    // Another order of rows would give them other numbers.
    public override bool CanShuffle => false;

    public override long? GetRowCount() => Source.GetRowCount();

    protected override bool? ShouldUseParallelCursors(Func<int, bool> predicate) => predicate(_bindings.AddedColumnIndices[0]) ? false : null;

    protected override DataViewRowCursor GetRowCursorCore(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand)
    {
        var predicate = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        return new Cursor(this, Source.GetRowCursor(InputColumns(predicate)), predicate);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var predicate = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        if (ShouldUseParallelCursors(predicate) == false)
            return [GetRowCursorCore(columnsNeeded, null)];
        return Array.ConvertAll(Source.GetRowCursorSet(InputColumns(predicate), n), input => (DataViewRowCursor)new Cursor(this, input, predicate));
    }

    private DataViewSchema.Column[] InputColumns(Func<int, bool> predicate)
    {
        var active = _bindings.GetActiveInput(predicate);
        return Source.Schema.Where(column => active[column.Index]).ToArray();
    }

    private sealed class Cursor(RandomNumberView parent, DataViewRowCursor input, Func<int, bool> active) : SynchronizedCursorBase(parent.Host, input)
    {
        private readonly TauswortheHybrid _random = RandomUtils.Create(parent._seed);
        private long _drawn = -1;
        private float _value;

        public override DataViewSchema Schema => parent.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column) => active(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Ch.Check(IsColumnActive(column));
            int index = parent._bindings.MapColumnIndex(out bool isSource, column.Index);
            if (isSource)
                return Input.GetGetter<TValue>(Input.Schema[index]);
            return (ValueGetter<float>)GetNumber as Delegate as ValueGetter<TValue> ?? throw Ch.Except($"Invalid TValue in GetGetter: '{typeof(TValue)}', expected type: '{typeof(float)}'.");
        }

        private void GetNumber(ref float value)
        {
            Ch.Check(Position >= 0, RowCursorUtils.FetchValueStateError);
            for (; _drawn < Position; _drawn++)
                _value = _random.NextSingle();
            value = _value;
        }
    }
}
