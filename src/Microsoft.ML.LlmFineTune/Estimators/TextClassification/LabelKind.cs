using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>What labels may be made of.</summary>
internal interface ILabelKind
{
    /// <summary>The type's name in <c>task.json</c>.</summary>
    string Name { get; }

    /// <summary>The classes whose values stand in a key column's annotations.</summary>
    LabelKeys Read(DataViewSchema.Annotations annotations);

    /// <summary>The classes whose values were saved.</summary>
    LabelKeys Read(JsonArray values);

    /// <summary>Annotations of the right type, for a shape.</summary>
    DataViewSchema.Annotations NoValues();
}

/// <inheritdoc cref="ILabelKind"/>
internal sealed class LabelKind<T>(PrimitiveDataViewType item, Func<T, string> toText, Func<T, JsonNode?> toJson, Func<JsonNode, T> fromJson) : ILabelKind
{
    public string Name => item.ToString()!;

    internal PrimitiveDataViewType Item => item;

    internal Func<T, string> ToText => toText;

    internal Func<T, JsonNode?> ToJson => toJson;

    public LabelKeys Read(DataViewSchema.Annotations annotations)
    {
        VBuffer<T> values = default;
        annotations.GetValue(AnnotationNames.KeyValues, ref values);
        return new NamedLabelKeys<T>(this, [.. values.DenseValues()]);
    }

    public LabelKeys Read(JsonArray values) => new NamedLabelKeys<T>(this, [.. values.Select(node => fromJson(node!))]);

    public DataViewSchema.Annotations NoValues() => Annotate([default!]);

    internal DataViewSchema.Annotations Annotate(T[] values)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add(AnnotationNames.KeyValues, new VectorDataViewType(item, values.Length),
            (ref VBuffer<T> value) => new VBuffer<T>(values.Length, values).CopyTo(ref value));
        return builder.ToAnnotations();
    }
}
