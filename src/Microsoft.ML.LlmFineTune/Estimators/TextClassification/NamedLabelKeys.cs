using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>Classes of a key with values, which <c>MapKeyToValue</c> gives back.</summary>
internal sealed class NamedLabelKeys<T>(LabelKind<T> kind, T[] values) : LabelKeys
{
    private readonly Dictionary<string, int> _classes = values.Select((value, index) => (Name: kind.ToText(value), index))
        .DistinctBy(entry => entry.Name).ToDictionary(entry => entry.Name, entry => entry.index, StringComparer.Ordinal);

    internal override IReadOnlyList<string> Names { get; } = [.. values.Select(kind.ToText)];

    internal override DataViewSchema.Annotations Annotations => kind.Annotate(values);

    internal override JsonObject ToJson() => new() { [TypeKey] = kind.Name, [ValuesKey] = new JsonArray([.. values.Select(kind.ToJson)]) };

    internal override Func<int> ClassReader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is KeyDataViewType)
        {
            int[] classes = [.. Of(column).Names.Select(name => _classes.GetValueOrDefault(name, -1))];
            var key = ColumnReader.KeyGetter(row, column);
            return () => key() is > 0 and var raw && raw <= (ulong)classes.Length ? classes[raw - 1] : -1;
        }
        if (!column.Type.Equals(kind.Item))
            throw new ArgumentException($"Column '{column.Name}' of the validation data has to hold labels like the training data's ({kind.Item}) or a key of them, and is {column.Type}.");
        var read = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            read(ref value);
            return _classes.GetValueOrDefault(kind.ToText(value), -1);
        };
    }
}
