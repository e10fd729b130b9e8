using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The columns of a view that go into a file.</summary>
internal static class SavedColumns
{
    public static DataViewSchema.Column[] Of(IChannel channel, DataViewSchema schema, bool keepHidden)
    {
        var columns = new List<DataViewSchema.Column>();
        foreach (var column in schema)
        {
            if (column.IsHidden && !keepHidden)
                continue;
            if (column.Type.GetItemType() is PrimitiveDataViewType)
                columns.Add(column);
            else
                channel.Info(MessageSensitivity.Schema, $"The column '{column.Name}' will not be written since it has unsavable type: {column.Type}");
        }
        channel.Check(columns.Count > 0, "No valid columns to save");
        return [.. columns];
    }
}
