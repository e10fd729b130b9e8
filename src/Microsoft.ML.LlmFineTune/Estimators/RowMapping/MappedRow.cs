using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>One row at a time, as <c>PredictionEngine</c> asks: the scorer runs once a row, when the first of its values is read.</summary>
internal sealed class MappedRow<TResult>(RowMapper<TResult> mapper, DataViewRow input, bool[] active) : DataViewRow
{
    private const long Nowhere = -1;
    private readonly List<string> _texts = [];
    private IBatchScorer<TResult>? _scorer;
    private Action<List<string>>? _readTexts;
    private long _scoredPosition = Nowhere;
    private TResult _result = default!;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override DataViewSchema Schema => mapper.OutputSchema;

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        SchemaChecks.RequireActive(column, active);
        return mapper.IsPassedOn(column)
            ? input.GetGetter<TValue>(input.Schema[column.Index])
            : mapper.Getter<TValue>(column, Current);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            input.Dispose();
        base.Dispose(disposing);
    }

    private TResult Current()
    {
        if (_scoredPosition == Nowhere || _scoredPosition != input.Position)
        {
            _readTexts ??= mapper.TextReader(input);
            _texts.Clear();
            _readTexts(_texts);
            _scorer ??= mapper.Scorer.Begin(rowByRow: true);
            _result = _scorer.Score(_texts, mapper.ScorerActivity(active))[0];
            _scoredPosition = input.Position;
        }
        return _result;
    }
}
