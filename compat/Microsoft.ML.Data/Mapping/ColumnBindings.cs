using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The schema of an input with added columns. One that takes the name of a visible column stands right behind the column it hides; the others stand at the end.</summary>
internal sealed class ColumnBindings
{
    // For each column of the schema: the input's column, or ~ the added one.
    private readonly int[] _origins;
    private readonly int[] _addedIndices;

    public ColumnBindings(DataViewSchema input, DataViewSchema.DetachedColumn[] addedColumns)
    {
        Contracts.CheckValue(input, nameof(input));
        Contracts.CheckValue(addedColumns, nameof(addedColumns));
        InputSchema = input;
        var origins = new List<int>();
        var places = Enumerable.Range(0, addedColumns.Length).ToLookup(i => input.GetColumnOrNull(addedColumns[i].Name)?.Index ?? -1);
        for (int column = 0; column < input.Count; column++)
        {
            origins.Add(column);
            origins.AddRange(places[column].Select(added => ~added));
        }
        origins.AddRange(places[-1].Select(added => ~added));

        var builder = new DataViewSchema.Builder();
        _addedIndices = new int[addedColumns.Length];
        for (int i = 0; i < origins.Count; i++)
        {
            int origin = origins[i];
            var column = origin >= 0 ? new DataViewSchema.DetachedColumn(input[origin]) : addedColumns[~origin];
            builder.AddColumn(column.Name, column.Type, column.Annotations);
            if (origin < 0)
                _addedIndices[~origin] = i;
        }
        _origins = [.. origins];
        Schema = builder.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema Schema { get; }

    /// <summary>Where the added columns stand in the schema.</summary>
    public IReadOnlyList<int> AddedColumnIndices => _addedIndices;

    /// <summary>The column's index among the input's or the added columns.</summary>
    public int MapColumnIndex(out bool isSrcColumn, int col)
    {
        isSrcColumn = _origins[col] >= 0;
        return isSrcColumn ? _origins[col] : ~_origins[col];
    }

    /// <summary>Which input columns are passed on for these columns of the schema.</summary>
    public bool[] GetActiveInput(Func<int, bool> predicate)
    {
        var active = new bool[InputSchema.Count];
        for (int i = 0; i < _origins.Length; i++)
            if (_origins[i] >= 0 && predicate(i))
                active[_origins[i]] = true;
        return active;
    }
}
