using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>Classes of a key without values: numbers.</summary>
internal sealed class UnnamedLabelKeys(int count) : LabelKeys
{
    internal override IReadOnlyList<string> Names { get; } = [.. Enumerable.Range(0, count).Select(number => number.ToString(CultureInfo.InvariantCulture))];

    internal override DataViewSchema.Annotations? Annotations => null;

    internal override JsonObject ToJson() => new() { [CountKey] = count };

    internal override Func<int> ClassReader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not KeyDataViewType)
            throw new ArgumentException($"Column '{column.Name}' of the validation data has to be a key like the training data's, and is {column.Type}.");
        var key = ColumnReader.KeyGetter(row, column);
        return () => key() is > 0 and var raw && raw <= (ulong)count ? (int)raw - 1 : -1;
    }
}
