using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>The input with the scorer's columns behind its own. Lazy: nothing runs before a cursor moves, and nothing that no reader asked for.</summary>
internal sealed class ScoredDataView<TResult>(IDataView input, RowMapper<TResult> mapper) : IDataView
{
    public bool CanShuffle => input.CanShuffle;

    public DataViewSchema Schema => mapper.OutputSchema;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var needed = columnsNeeded.ToList();
        var active = mapper.Activity(needed);
        var cursor = input.GetRowCursor(mapper.GetDependencies(needed), rand);
        return mapper.ScorerActivity(active).Contains(true)
            ? new LookAheadCursor<TResult>(mapper, cursor, active)
            : new PassingCursor(cursor, Schema, active);
    }

    /// <remarks>One cursor: the model's own threads are the parallelism here, and rows come in order.</remarks>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
