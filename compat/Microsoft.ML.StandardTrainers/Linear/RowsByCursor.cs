using Microsoft.ML.Data;

namespace Microsoft.ML.Trainers;

/// <summary>Rows read anew from the data at each walk.</summary>
internal sealed class RowsByCursor(LabeledRows rows) : IRowSource
{
    public int Parts => 1;

    public void Walk(int part, RowAction action)
    {
        using var cursor = rows.Walk();
        while (cursor.MoveNext())
            action(in cursor.Features, cursor.Label, cursor.Weight);
    }
}
