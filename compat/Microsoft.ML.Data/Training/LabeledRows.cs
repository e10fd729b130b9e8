using Microsoft.ML.Data;

namespace Microsoft.ML.Trainers;

/// <summary>The rows of a view that can be learned from: label and features finite, weight above 0.</summary>
internal sealed class LabeledRows(IDataView data, string features, string label, string weight)
{
    public LabeledRowCursor Walk()
    {
        // Every trainer asks for the label first.
        string[] names = weight == null ? [label, features] : [label, features, weight];
        return new LabeledRowCursor(data.GetRowCursor(names.Select(name => data.Schema[name])), data.Schema[features], data.Schema[label], weight == null ? null : data.Schema[weight]);
    }
}

internal sealed class LabeledRowCursor : IDisposable
{
    private readonly DataViewRowCursor _cursor;
    private readonly ValueGetter<VBuffer<float>> _features;
    private readonly ValueGetter<float> _label;
    private readonly ValueGetter<float> _weight;

    public LabeledRowCursor(DataViewRowCursor cursor, DataViewSchema.Column features, DataViewSchema.Column label, DataViewSchema.Column? weight)
    {
        _cursor = cursor;
        _features = cursor.GetGetter<VBuffer<float>>(features);
        _label = ScoredColumns.LabelGetter(cursor, label);
        _weight = weight.HasValue ? ScoredColumns.LabelGetter(cursor, weight.Value) : null;
    }

    public VBuffer<float> Features;
    public float Label;
    public float Weight = 1;

    public long Kept { get; private set; }

    public long Skipped { get; private set; }

    public bool MoveNext()
    {
        while (_cursor.MoveNext())
        {
            if (Read())
            {
                Kept++;
                return true;
            }
            Skipped++;
        }
        return false;
    }

    public void Dispose() => _cursor.Dispose();

    // Features come last: they are the dear part.
    private bool Read()
    {
        _label(ref Label);
        if (!float.IsFinite(Label))
            return false;
        if (_weight != null)
        {
            _weight(ref Weight);
            if (!(Weight > 0 && Weight < float.PositiveInfinity))
                return false;
        }
        _features(ref Features);
        foreach (float value in Features.GetValues())
        {
            if (!float.IsFinite(value))
                return false;
        }
        return true;
    }
}
