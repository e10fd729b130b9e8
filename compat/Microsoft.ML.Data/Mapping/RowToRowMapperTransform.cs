using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The rows of a view with the columns that a mapper adds.</summary>
internal sealed class RowToRowMapperTransform : TransformBase, IRowToRowMapper
{
    private readonly IRowMapper _mapper;
    private readonly ColumnBindings _bindings;
    private readonly bool _inOrder;

    /// <param name="inOrder">Whether one cursor must see all rows in order: then nothing is shared out to threads.</param>
    public RowToRowMapperTransform(IHostEnvironment env, IDataView input, IRowMapper mapper, bool inOrder = false) : base(env, nameof(RowToRowMapperTransform), input)
    {
        _mapper = mapper;
        _inOrder = inOrder;
        _bindings = new(input.Schema, mapper.GetOutputColumns());
    }

    public static DataViewSchema GetOutputSchema(DataViewSchema inputSchema, IRowMapper mapper) => new ColumnBindings(inputSchema, mapper.GetOutputColumns()).Schema;

    public DataViewSchema InputSchema => Source.Schema;

    public override DataViewSchema OutputSchema => _bindings.Schema;

    public override long? GetRowCount() => Source.GetRowCount();

    protected override bool? ShouldUseParallelCursors(Func<int, bool> predicate) => _bindings.AddedColumnIndices.Any(predicate) ? !_inOrder : null;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
        => Dependencies(RowCursorUtils.FromColumnsToPredicate(dependingColumns, OutputSchema));

    private IEnumerable<DataViewSchema.Column> Dependencies(Func<int, bool> predicate)
    {
        var passedOn = _bindings.GetActiveInput(predicate);
        var mapped = _mapper.GetDependencies(AddedPredicate(predicate));
        return InputSchema.Where(column => passedOn[column.Index] || mapped(column.Index)).ToArray();
    }

    private Func<int, bool> AddedPredicate(Func<int, bool> predicate) => added => predicate(_bindings.AddedColumnIndices[added]);

    protected override DataViewRowCursor GetRowCursorCore(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand)
    {
        var predicate = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        return new Cursor(Host, Source.GetRowCursor(Dependencies(predicate), rand), this, predicate);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var predicate = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        if (_inOrder && _bindings.AddedColumnIndices.Any(predicate))
            return [GetRowCursorCore(columnsNeeded, rand)];
        var inputs = Source.GetRowCursorSet(Dependencies(predicate), n, rand);
        // The lowest view with something to compute shares the rows out.
        if (inputs.Length == 1 && n > 1 && _bindings.AddedColumnIndices.Any(predicate))
            inputs = ParallelCursors.Split(Host, inputs[0], n);
        return Array.ConvertAll(inputs, input => (DataViewRowCursor)new Cursor(Host, input, this, predicate));
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        Host.CheckValue(input, nameof(input));
        Host.CheckValue(activeColumns, nameof(activeColumns));
        Host.Check(input.Schema == Source.Schema, "Schema of input row must be the same as the schema the mapper is bound to");
        using var channel = Host.Start("GetEntireRow");
        return new Row(input, this, RowCursorUtils.FromColumnsToPredicate(activeColumns, OutputSchema));
    }

    private ValueGetter<TValue> GetGetter<TValue>(DataViewRow input, Delegate[] getters, DataViewSchema.Column column)
    {
        int index = _bindings.MapColumnIndex(out bool isSource, column.Index);
        if (isSource)
            return input.GetGetter<TValue>(input.Schema[index]);
        var getter = getters[index];
        return getter as ValueGetter<TValue>
            ?? throw Contracts.Except($"Invalid TValue in GetGetter: '{typeof(TValue)}', expected type: '{getter?.GetType().GetGenericArguments()[0]}'.");
    }

    private sealed class Row : WrappingRow
    {
        private readonly RowToRowMapperTransform _parent;
        private readonly Delegate[] _getters;
        private readonly Action _disposer;

        public Row(DataViewRow input, RowToRowMapperTransform parent, Func<int, bool> predicate) : base(input)
        {
            _parent = parent;
            _getters = parent._mapper.CreateGetters(input, parent.AddedPredicate(predicate), out _disposer);
        }

        public override DataViewSchema Schema => _parent.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column)
        {
            int index = _parent._bindings.MapColumnIndex(out bool isSource, column.Index);
            return isSource ? Input.IsColumnActive(Input.Schema[index]) : _getters[index] != null;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _parent.GetGetter<TValue>(Input, _getters, column);

        protected override void DisposeCore(bool disposing)
        {
            if (disposing)
                _disposer?.Invoke();
        }
    }

    private sealed class Cursor : SynchronizedCursorBase
    {
        private readonly RowToRowMapperTransform _parent;
        private readonly Func<int, bool> _active;
        private readonly Delegate[] _getters;
        private Action _disposer;

        public Cursor(IChannelProvider provider, DataViewRowCursor input, RowToRowMapperTransform parent, Func<int, bool> active) : base(provider, input)
        {
            _parent = parent;
            _active = active;
            _getters = parent._mapper.CreateGetters(input, parent.AddedPredicate(active), out _disposer);
        }

        public override DataViewSchema Schema => _parent.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column)
        {
            Ch.Check(column.Index < Schema.Count);
            return _active(column.Index);
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Ch.Check(IsColumnActive(column));
            return _parent.GetGetter<TValue>(Input, _getters, column);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                Interlocked.Exchange(ref _disposer, null)?.Invoke();
            base.Dispose(disposing);
        }
    }
}
