using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators.RowMapping;

/// <summary>A view of columns Id (Int32), Text and Vector (Single, as long as the id) that counts what is asked of it.</summary>
internal sealed class CountingView(int rows) : IDataView
{
    internal int RowsMoved { get; private set; }

    internal List<string[]> Asked { get; } = [];

    internal Dictionary<string, int> Reads { get; } = [];

    public bool CanShuffle => false;

    public DataViewSchema Schema { get; } = MakeSchema();

    public long? GetRowCount() => rows;

    internal static string TextOf(long id) => $"text {id}";

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var needed = columnsNeeded.ToList();
        Asked.Add([.. needed.Select(column => column.Name)]);
        return new Cursor(this, [.. needed.Select(column => column.Index)]);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private static DataViewSchema MakeSchema()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Id", NumberDataViewType.Int32);
        builder.AddColumn("Text", TextDataViewType.Instance);
        builder.AddColumn("Vector", new VectorDataViewType(NumberDataViewType.Single));
        return builder.ToSchema();
    }

    private sealed class Cursor(CountingView view, HashSet<int> active) : DataViewRowCursor
    {
        private long _position = -1;

        public override long Position => _position;

        public override long Batch => _position / 10;

        public override DataViewSchema Schema => view.Schema;

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

        public override bool MoveNext()
        {
            if (_position + 1 >= view.GetRowCount())
                return false;
            _position++;
            view.RowsMoved++;
            return true;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 7);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Assert.Contains(column.Index, active);
            Delegate getter = column.Name switch
            {
                "Id" => (ValueGetter<int>)((ref int value) => value = Count("Id")),
                "Text" => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = TextOf(Count("Text")).AsMemory()),
                _ => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
                {
                    var editor = VBufferEditor.Create(ref value, Count("Vector"));
                    editor.Values.Fill(_position);
                    value = editor.Commit();
                }),
            };
            return (ValueGetter<TValue>)getter;
        }

        private int Count(string name)
        {
            view.Reads[name] = view.Reads.GetValueOrDefault(name) + 1;
            return (int)_position;
        }
    }
}
