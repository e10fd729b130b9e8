using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A view over another view. Its cursor reads through worker threads where the view has work to share out.</summary>
internal abstract class TransformBase : IDataView
{
    protected readonly IHost Host;

    protected TransformBase(IHostEnvironment env, string name, IDataView input)
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(input, nameof(input));
        Host = env.Register(name);
        Source = input;
    }

    public IDataView Source { get; }

    public abstract DataViewSchema OutputSchema { get; }

    DataViewSchema IDataView.Schema => OutputSchema;

    public virtual bool CanShuffle => Source.CanShuffle;

    public abstract long? GetRowCount();

    /// <summary>True or null: several cursors are asked for and read together; false: one cursor, on the caller's thread.</summary>
    protected abstract bool? ShouldUseParallelCursors(Func<int, bool> predicate);

    protected abstract DataViewRowCursor GetRowCursorCore(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand);

    public abstract DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null);

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var predicate = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        if (!CanShuffle)
            rand = null;
        return ShouldUseParallelCursors(predicate) != false && ParallelCursors.CanCarry(columnsNeeded)
            ? ParallelCursors.Consolidate(Host, GetRowCursorSet(columnsNeeded, ParallelCursors.ThreadCount, rand))
            : GetRowCursorCore(columnsNeeded, rand);
    }
}

/// <summary>A view that leaves out rows of its source.</summary>
internal abstract class FilterBase : TransformBase
{
    protected FilterBase(IHostEnvironment env, string name, IDataView input) : base(env, name, input) { }

    public override DataViewSchema OutputSchema => Source.Schema;

    public override long? GetRowCount() => null;
}
