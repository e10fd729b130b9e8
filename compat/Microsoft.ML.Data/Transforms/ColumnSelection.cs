using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>Which column of the output is which of the input.</summary>
internal sealed class ColumnSelection : IRowToRowMapper
{
    private readonly int[] _inputs;

    public ColumnSelection(DataViewSchema inputSchema, int[] inputs)
    {
        InputSchema = inputSchema;
        _inputs = inputs;
        var columns = new DataViewSchema.Builder();
        columns.AddColumns(inputs.Select(input => new DataViewSchema.DetachedColumn(inputSchema[input])));
        OutputSchema = columns.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = dependingColumns.Select(column => _inputs[column.Index]).ToHashSet();
        return InputSchema.Where(column => needed.Contains(column.Index));
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) => new Row(input, this);

    public DataViewSchema.Column InputOf(DataViewSchema.Column column) => InputSchema[_inputs[column.Index]];

    private sealed class Row(DataViewRow input, ColumnSelection selection) : WrappingRow(input)
    {
        public override DataViewSchema Schema => selection.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column) => true;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => Input.GetGetter<TValue>(selection.InputOf(column));
    }
}
