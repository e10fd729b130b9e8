using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Keeps the rows for which a test of some columns holds.</summary>
internal abstract class RowPredicateFilter : FilterBase
{
    protected RowPredicateFilter(IHostEnvironment env, string name, IDataView input) : base(env, name, input) { }

    /// <summary>The columns that the test reads.</summary>
    protected abstract IEnumerable<DataViewSchema.Column> TestedColumns { get; }

    protected abstract Func<bool> CreateTest(DataViewRow row);

    protected override bool? ShouldUseParallelCursors(Func<int, bool> predicate) => null;

    protected override DataViewRowCursor GetRowCursorCore(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand)
        => new Cursor(this, Source.GetRowCursor(Needed(columnsNeeded), rand), columnsNeeded);

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
        => Array.ConvertAll(Source.GetRowCursorSet(Needed(columnsNeeded), n, rand), input => (DataViewRowCursor)new Cursor(this, input, columnsNeeded));

    private DataViewSchema.Column[] Needed(IEnumerable<DataViewSchema.Column> columnsNeeded)
    {
        var active = Utils.BuildArray(Source.Schema.Count, columnsNeeded.Concat(TestedColumns));
        return Source.Schema.Where(column => active[column.Index]).ToArray();
    }

    private sealed class Cursor : LinkedRowFilterCursorBase
    {
        private readonly Func<bool> _test;

        public Cursor(RowPredicateFilter parent, DataViewRowCursor input, IEnumerable<DataViewSchema.Column> columnsNeeded)
            : base(parent.Host, input, parent.OutputSchema, Utils.BuildArray(parent.OutputSchema.Count, columnsNeeded))
            => _test = parent.CreateTest(input);

        protected override bool Accept() => _test();
    }
}
