using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>
/// Reads rows ahead, scores them together and hands them out in order. The first window is small, so that a reader of a few rows pays for few;
/// each next one is twice as large, up to the scorer's look-ahead. The input is walked once.
/// </summary>
internal sealed class LookAheadCursor<TResult> : DataViewRowCursor
{
    private const int FirstWindow = 16;
    private readonly RowMapper<TResult> _mapper;
    private readonly DataViewRowCursor _input;
    private readonly bool[] _active;
    private readonly IBatchScorer<TResult> _scorer;
    private readonly Action<List<string>> _readTexts;
    private readonly ValueGetter<DataViewRowId> _readId;
    private readonly ColumnBuffer?[] _buffers;
    private readonly DataViewRowId[] _ids;
    private readonly long[] _batches;
    private readonly List<string> _texts = [];
    private TResult[] _results = [];
    private int _window;
    private int _slot = -1;
    private int _filled;
    private long _position = -1;
    private long _handedOut;

    internal LookAheadCursor(RowMapper<TResult> mapper, DataViewRowCursor input, bool[] active)
    {
        (_mapper, _input, _active) = (mapper, input, active);
        _scorer = mapper.Scorer.Begin(rowByRow: false);
        int capacity = _scorer.LookAhead;
        _window = Math.Min(FirstWindow, capacity);
        (_ids, _batches) = (new DataViewRowId[capacity], new long[capacity]);
        _readTexts = mapper.TextReader(input);
        _readId = input.GetIdGetter();
        _buffers = [.. input.Schema.Select(column => active[column.Index] ? ColumnBuffer.Over(input, column, capacity) : null)];
    }

    public override long Position => _position;

    public override long Batch => _batches[Slot()];

    public override DataViewSchema Schema => _mapper.OutputSchema;

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

    public override bool MoveNext()
    {
        if (++_slot >= _filled && !Fill())
        {
            _position = -1;
            return false;
        }
        _position = _handedOut++;
        return true;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = _ids[Slot()];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        SchemaChecks.RequireActive(column, _active);
        return _mapper.IsPassedOn(column)
            ? _buffers[column.Index]!.Getter(Slot) as ValueGetter<TValue> ?? throw RowMapper<TResult>.WrongType<TValue>(column)
            : _mapper.Getter<TValue>(column, () => _results[Slot()]);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            (_scorer as IDisposable)?.Dispose();
            _input.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Slot() => _position >= 0
        ? _slot
        : throw new InvalidOperationException("The cursor stands on no row: values can be read after MoveNext answered true.");

    private bool Fill()
    {
        _slot = 0;
        _filled = 0;
        _texts.Clear();
        while (_filled < _window && _input.MoveNext())
        {
            _readTexts(_texts);
            _readId(ref _ids[_filled]);
            _batches[_filled] = _input.Batch;
            foreach (var buffer in _buffers)
                buffer?.Store(_filled);
            _filled++;
        }
        _window = Math.Min(2 * _window, _ids.Length);
        if (_filled > 0)
            _results = _scorer.Score(_texts, _mapper.ScorerActivity(_active));
        return _filled > 0;
    }
}
