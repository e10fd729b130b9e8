using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

internal sealed class SelectedColumnsView(IHost host, ColumnSelection selection, IDataView source) : IDataView
{
    public DataViewSchema Schema => selection.OutputSchema;

    public bool CanShuffle => source.CanShuffle;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
        => new Cursor(host, source.GetRowCursor(selection.GetDependencies(columnsNeeded), rand), selection, columnsNeeded);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
        => Array.ConvertAll(source.GetRowCursorSet(selection.GetDependencies(columnsNeeded), n, rand), input => (DataViewRowCursor)new Cursor(host, input, selection, columnsNeeded));

    private sealed class Cursor(IChannelProvider provider, DataViewRowCursor input, ColumnSelection selection, IEnumerable<DataViewSchema.Column> columnsNeeded)
        : SynchronizedCursorBase(provider, input)
    {
        private readonly bool[] _active = Utils.BuildArray(selection.OutputSchema.Count, columnsNeeded);

        public override DataViewSchema Schema => selection.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => Input.GetGetter<TValue>(selection.InputOf(column));
    }
}
