using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>
/// Schema shapes by public API alone. A shape's columns can't be made by outsiders, but ML.NET makes the shape of any schema for the first
/// estimator of a chain: one that only keeps what it is asked, fitted on a view without rows, has it.
/// </summary>
internal static class SchemaShapes
{
    /// <summary>The input's shape, with <paramref name="columns"/> behind it or in place of columns of the same name.</summary>
    internal static SchemaShape Extend<TResult>(SchemaShape input, IReadOnlyList<OutputColumn<TResult>> columns)
    {
        var builder = new DataViewSchema.Builder();
        foreach (var column in columns)
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        return Extend(input, builder.ToSchema());
    }

    /// <inheritdoc cref="Extend{TResult}"/>
    internal static SchemaShape Extend(SchemaShape input, DataViewSchema columns)
    {
        var added = Of(columns);
        var names = added.Select(column => column.Name).ToHashSet();
        return new SchemaShape(input.Where(column => !names.Contains(column.Name)).Concat(added));
    }

    /// <summary>The shape that ML.NET gives <paramref name="schema"/>.</summary>
    internal static SchemaShape Of(DataViewSchema schema)
    {
        var listener = new Listener();
        new Microsoft.ML.Data.EstimatorChain<ITransformer>().Append(listener).Fit(new NoRows(schema));
        return listener.Heard!;
    }

    private sealed class Listener : IEstimator<Unchanged>
    {
        internal SchemaShape? Heard { get; private set; }

        public Unchanged Fit(IDataView input) => new();

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => Heard = inputSchema;
    }

    private sealed class Unchanged : ITransformer
    {
        public bool IsRowToRowMapper => false;

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

        public IDataView Transform(IDataView input) => input;

        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => throw new NotSupportedException("A listener maps no rows.");

        public void Save(ModelSaveContext ctx) => throw new NotSupportedException("A listener is never saved.");
    }

    private sealed class NoRows(DataViewSchema schema) : IDataView
    {
        public bool CanShuffle => false;

        public DataViewSchema Schema => schema;

        public long? GetRowCount() => 0;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
            throw new NotSupportedException("A schema without rows was read.");

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
            throw new NotSupportedException("A schema without rows was read.");
    }
}
