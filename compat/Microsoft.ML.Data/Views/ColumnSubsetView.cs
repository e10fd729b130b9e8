using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A view's rows with some of its columns, in any order.</summary>
internal sealed class ColumnSubsetView : IDataView, IRowToRowMapper
{
    private readonly IHost _host;
    private readonly IDataView _source;
    private readonly int[] _columns;

    public ColumnSubsetView(IHostEnvironment env, IDataView source, int[] columns)
    {
        _host = env.Register("SelectColumnsDataTransform");
        _source = source;
        _columns = columns;
        OutputSchema = SchemaOf(source.Schema, columns);
    }

    public static DataViewSchema SchemaOf(DataViewSchema schema, int[] columns)
        => SchemaExtensions.MakeSchema(Array.ConvertAll(columns, column => new DataViewSchema.DetachedColumn(schema[column])));

    /// <summary>All columns but those of one name; hidden ones stay.</summary>
    public static IDataView Without(IHostEnvironment env, IDataView source, string name)
        => new ColumnSubsetView(env, source, source.Schema.Where(column => column.Name != name).Select(column => column.Index).ToArray());

    public DataViewSchema Schema => OutputSchema;

    public DataViewSchema InputSchema => _source.Schema;

    public DataViewSchema OutputSchema { get; }

    public bool CanShuffle => _source.CanShuffle;

    public long? GetRowCount() => _source.GetRowCount();

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = dependingColumns.Select(column => _columns[column.Index]).ToHashSet();
        return InputSchema.Where(column => needed.Contains(column.Index)).ToArray();
    }

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
        => new Cursor(_host, _source.GetRowCursor(GetDependencies(columnsNeeded), rand), this, RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var active = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        return Array.ConvertAll(_source.GetRowCursorSet(GetDependencies(columnsNeeded), n, rand), input => (DataViewRowCursor)new Cursor(_host, input, this, active));
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) => new Row(input, this);

    private sealed class Row(DataViewRow input, ColumnSubsetView parent) : WrappingRow(input)
    {
        public override DataViewSchema Schema => parent.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column) => Input.IsColumnActive(Input.Schema[parent._columns[column.Index]]);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => Input.GetGetter<TValue>(Input.Schema[parent._columns[column.Index]]);
    }

    private sealed class Cursor(IChannelProvider provider, DataViewRowCursor input, ColumnSubsetView parent, Func<int, bool> active) : SynchronizedCursorBase(provider, input)
    {
        public override DataViewSchema Schema => parent.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column) => active(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => Input.GetGetter<TValue>(Input.Schema[parent._columns[column.Index]]);
    }
}
