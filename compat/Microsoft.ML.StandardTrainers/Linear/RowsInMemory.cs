using Microsoft.ML.Data;

namespace Microsoft.ML.Trainers;

/// <summary>Rows held in memory, in as many nearly equal parts as there are threads.</summary>
internal sealed class RowsInMemory(IReadOnlyList<(VBuffer<float> Features, float Label, float Weight)> rows, int threads) : IRowSource
{
    public int Parts => threads;

    public void Walk(int part, RowAction action)
    {
        for (int i = Start(part); i < Start(part + 1); i++)
        {
            var (features, label, weight) = rows[i];
            action(in features, label, weight);
        }
    }

    private int Start(int part)
    {
        // The first parts are one row longer where the rows don't divide.
        int each = rows.Count / threads;
        return part * each + Math.Min(part, rows.Count % threads);
    }
}
