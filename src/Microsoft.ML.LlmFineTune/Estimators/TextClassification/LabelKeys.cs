using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>The classes of a label column: how many, their names, and the values that predictions map back to.</summary>
internal abstract class LabelKeys
{
    private protected const string TypeKey = "type";
    private protected const string ValuesKey = "values";
    private protected const string CountKey = "count";

    /// <summary>Names of the classes: the values as text, or their numbers from 0 where the key has no values.</summary>
    internal abstract IReadOnlyList<string> Names { get; }

    /// <summary>Annotations of a predicted label; null where the key has no values.</summary>
    internal abstract DataViewSchema.Annotations? Annotations { get; }

    /// <summary>The classes of a key column.</summary>
    /// <exception cref="ArgumentException">There are too many, or their values are of a type that can't be saved.</exception>
    internal static LabelKeys Of(DataViewSchema.Column column)
    {
        ulong count = ((KeyDataViewType)column.Type).Count;
        if (count > int.MaxValue)
            throw new ArgumentException($"Column '{column.Name}' is a key of {count} values: that many classes can't be told apart. Map the labels with MapValueToKey.");
        return column.Annotations.Schema.GetColumnOrNull(AnnotationNames.KeyValues) is { } values
            ? LabelKinds.Of(((VectorDataViewType)values.Type).ItemType).Read(column.Annotations)
            : new UnnamedLabelKeys((int)count);
    }

    /// <summary>What <see cref="ToJson"/> gave.</summary>
    internal static LabelKeys FromJson(JsonObject json) => json[CountKey] is { } count
        ? new UnnamedLabelKeys(count.GetValue<int>())
        : LabelKinds.ByName(json[TypeKey]!.GetValue<string>()).Read(json[ValuesKey]!.AsArray());

    /// <summary>For <c>task.json</c>.</summary>
    internal abstract JsonObject ToJson();

    /// <summary>
    /// Reads classes from another view's label column, which may be a key with values or hold the values themselves; answers -1 for a value
    /// that is no class here, and for a missing one.
    /// </summary>
    internal abstract Func<int> ClassReader(DataViewRow row, DataViewSchema.Column column);

    /// <summary>Annotations of the shape that predictions will have, before any value is known.</summary>
    internal static DataViewSchema.Annotations? AnnotationsOf(SchemaShape.Column label)
    {
        foreach (var annotation in label.Annotations)
        {
            if (annotation.Name == AnnotationNames.KeyValues)
                return LabelKinds.Of(annotation.ItemType).NoValues();
        }
        return null;
    }
}
