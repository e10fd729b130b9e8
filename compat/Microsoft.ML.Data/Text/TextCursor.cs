using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Reads rows from lines.</summary>
internal sealed class TextCursor : RootCursorBase
{
    private readonly TextColumnValue[] _values;
    private readonly FieldScanner _scanner;
    private readonly ParseStatistics _statistics;
    private readonly IEnumerator<TextLine> _lines;
    private bool _disposed;

    public TextCursor(IHost host, DataViewSchema schema, TextColumnSource[] columns, TextFormat format, IMultiStreamSource source, Func<int, bool> active) : base(host)
    {
        Schema = schema;
        _statistics = new(host);
        _values = columns.Select((column, i) => active(i) ? TextColumnValue.Create(column, format, _statistics) : null).ToArray();
        int limit = columns.Where((_, i) => active(i)).SelectMany(column => column.Segments).Select(segment => segment.Limit).DefaultIfEmpty(1).Max();
        if (format.InputSize > 0)
            limit = Math.Min(limit, format.InputSize);
        _scanner = new(format, _statistics, limit - 1, format.InputSize);
        _lines = new LineReader(format).Read(source, format.HasHeader, format.MaxRows).GetEnumerator();
    }

    public override DataViewSchema Schema { get; }

    public override long Batch => 0;

    protected override bool MoveNextCore()
    {
        if (!MoveLine())
            return false;
        var line = _lines.Current;
        int fieldCount = _scanner.Scan(line);
        foreach (var value in _values)
            value?.Read(_scanner, fieldCount, line.Number);
        _statistics.CountRow();
        return true;
    }

    private bool MoveLine()
    {
        try
        {
            return _lines.MoveNext();
        }
        catch (Exception ex)
        {
            throw Ch.ExceptDecode(ex, "Stream reading encountered exception");
        }
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => _values[column.Index] != null;

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) =>
    {
        Ch.Check(IsGood, RowCursorUtils.FetchValueStateError);
        id = new((ulong)Position, 0);
    };

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Ch.Check(IsColumnActive(column));
        return _values[column.Index].Getter as ValueGetter<TValue> ?? throw Ch.Except($"Invalid TValue in GetGetter: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (disposing)
        {
            _lines.Dispose();
            _statistics.Dispose();
        }
        base.Dispose(disposing);
    }
}
