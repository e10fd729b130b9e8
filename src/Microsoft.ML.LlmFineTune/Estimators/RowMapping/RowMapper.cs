using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>A scorer bound to an input schema: the input's columns keep their places, the scorer's follow.</summary>
internal sealed class RowMapper<TResult> : IRowToRowMapper
{
    private readonly DataViewSchema.Column[] _texts;

    internal RowMapper(DataViewSchema input, IReadOnlyList<string> textColumnNames, IBatchScorer<TResult> scorer)
    {
        _texts = [.. textColumnNames.Select(name => SchemaChecks.RequireText(input, name))];
        InputSchema = input;
        Scorer = scorer;
        OutputSchema = Extend(input, scorer);
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    internal IBatchScorer<TResult> Scorer { get; }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        dependingColumns.SelectMany(column => IsPassedOn(column) ? [InputSchema[column.Index]] : _texts).DistinctBy(column => column.Index);

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new MappedRow<TResult>(this, input, Activity(activeColumns));

    /// <summary>Whether a column of <see cref="OutputSchema"/> is one of the input's.</summary>
    internal bool IsPassedOn(DataViewSchema.Column column) => column.Index < InputSchema.Count;

    /// <summary>By index in <see cref="OutputSchema"/>: is the column asked for?</summary>
    internal bool[] Activity(IEnumerable<DataViewSchema.Column> columns)
    {
        var active = new bool[OutputSchema.Count];
        foreach (var column in columns)
        {
            if (column.Index >= active.Length || OutputSchema[column.Index].Name != column.Name)
                throw new ArgumentException($"Column '{column.Name}' (index {column.Index}) is not one of this data view's schema: {SchemaChecks.Names(OutputSchema)}.", nameof(columns));
            active[column.Index] = true;
        }
        return active;
    }

    /// <summary>The scorer's part of <see cref="Activity"/>.</summary>
    internal ArraySegment<bool> ScorerActivity(bool[] activity) => new(activity, InputSchema.Count, activity.Length - InputSchema.Count);

    /// <summary>Appends the texts of the row that <paramref name="row"/> stands on.</summary>
    internal Action<List<string>> TextReader(DataViewRow row)
    {
        var getters = Array.ConvertAll(_texts, column => row.GetGetter<ReadOnlyMemory<char>>(row.Schema[column.Index]));
        ReadOnlyMemory<char> text = default;
        return texts =>
        {
            foreach (var read in getters)
            {
                read(ref text);
                texts.Add(text.ToString());
            }
        };
    }

    /// <summary>The getter of one of the scorer's columns.</summary>
    internal ValueGetter<TValue> Getter<TValue>(DataViewSchema.Column column, Func<TResult> current)
    {
        var output = Scorer.Columns[column.Index - InputSchema.Count];
        return output.Getter(current) as ValueGetter<TValue> ?? throw WrongType<TValue>(column);
    }

    internal static InvalidOperationException WrongType<TValue>(DataViewSchema.Column column) =>
        new($"Column '{column.Name}' has values of type {column.Type.RawType} ({column.Type}); a getter of {typeof(TValue)} was asked for.");

    private static DataViewSchema Extend(DataViewSchema input, IBatchScorer<TResult> scorer)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        foreach (var column in scorer.Columns)
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        return builder.ToSchema();
    }
}
