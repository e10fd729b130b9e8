namespace Microsoft.ML.Data;

/// <summary>Values of the active columns, and ids, of some rows that follow each other.</summary>
internal sealed class RowBatch
{
    public readonly Array[] Columns;
    public readonly int Count;
    public readonly long Number;
    public readonly Exception Error;

    public RowBatch(Array[] columns, int count, long number)
    {
        Columns = columns;
        Count = count;
        Number = number;
    }

    public RowBatch(Exception error) => Error = error;
}
