using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>The classes of a label column: how many, their names, and the values that predictions map back to.</summary>
internal abstract class LabelKeys
{
    private const string KindKey = "type";
    private const string ValuesKey = "values";
    private const string CountKey = "count";

    private static readonly ILabelKind[] Kinds =
    [
        new LabelKind<ReadOnlyMemory<char>>(TextDataViewType.Instance, value => value.ToString(), node => node.GetValue<string>().AsMemory()),
        new LabelKind<float>(NumberDataViewType.Single),
        new LabelKind<double>(NumberDataViewType.Double),
        new LabelKind<sbyte>(NumberDataViewType.SByte),
        new LabelKind<byte>(NumberDataViewType.Byte),
        new LabelKind<short>(NumberDataViewType.Int16),
        new LabelKind<ushort>(NumberDataViewType.UInt16),
        new LabelKind<int>(NumberDataViewType.Int32),
        new LabelKind<uint>(NumberDataViewType.UInt32),
        new LabelKind<long>(NumberDataViewType.Int64),
        new LabelKind<ulong>(NumberDataViewType.UInt64),
        new LabelKind<bool>(BooleanDataViewType.Instance),
    ];

    /// <summary>Names of the classes: the values as text, or their numbers from 0 where the key has no values.</summary>
    internal abstract IReadOnlyList<string> Names { get; }

    /// <summary>Annotations of a predicted label; null where the key has no values.</summary>
    internal abstract DataViewSchema.Annotations? Annotations { get; }

    /// <summary>The classes of a key column.</summary>
    internal static LabelKeys Of(DataViewSchema.Column column)
    {
        ulong count = ((KeyDataViewType)column.Type).Count;
        if (count > int.MaxValue)
            throw new ArgumentException($"Column '{column.Name}' is a key of {count} values: that many classes can't be told apart. Map the labels with MapValueToKey.");
        if (column.Annotations.Schema.GetColumnOrNull(AnnotationNames.KeyValues) is not { } values)
            return new Unnamed((int)count);
        var item = ((VectorDataViewType)values.Type).ItemType;
        return KindOf(item).Read(column.Annotations);
    }

    /// <summary>What <see cref="ToJson"/> gave.</summary>
    internal static LabelKeys FromJson(JsonObject json) => json[CountKey] is { } count
        ? new Unnamed(count.GetValue<int>())
        : (Kinds.FirstOrDefault(kind => kind.Item.ToString() == json[KindKey]?.GetValue<string>())
            ?? throw new InvalidDataException($"Labels are of unknown type {json[KindKey]?.ToJsonString() ?? "(none)"}.")).Read(json[ValuesKey]!.AsArray());

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
            if (annotation.Name == AnnotationNames.KeyValues && annotation.ItemType is PrimitiveDataViewType item)
                return KindOf(item).NoValues();
        }
        return null;
    }

    private static ILabelKind KindOf(DataViewType item) => Kinds.FirstOrDefault(kind => kind.Item.Equals(item))
        ?? throw new ArgumentException($"Labels of type {item} are not supported: convert them to text before MapValueToKey.");

    private interface ILabelKind
    {
        PrimitiveDataViewType Item { get; }

        LabelKeys Read(DataViewSchema.Annotations annotations);

        LabelKeys Read(JsonArray values);

        DataViewSchema.Annotations NoValues();
    }

    private sealed class LabelKind<T>(PrimitiveDataViewType item, Func<T, string>? toText = null, Func<JsonNode, T>? fromJson = null) : ILabelKind
    {
        public PrimitiveDataViewType Item => item;

        internal Func<T, string> ToText { get; } = toText ?? (value => FormattableString.Invariant($"{value}"));

        public LabelKeys Read(DataViewSchema.Annotations annotations)
        {
            VBuffer<T> values = default;
            annotations.GetValue(AnnotationNames.KeyValues, ref values);
            return new Named<T>(this, [.. values.DenseValues()]);
        }

        public LabelKeys Read(JsonArray values) =>
            new Named<T>(this, [.. values.Select(node => fromJson is null ? node!.GetValue<T>() : fromJson(node!))]);

        public DataViewSchema.Annotations NoValues() => Annotate([default!]);

        internal DataViewSchema.Annotations Annotate(T[] values)
        {
            var builder = new DataViewSchema.Annotations.Builder();
            builder.Add(AnnotationNames.KeyValues, new VectorDataViewType(item, values.Length),
                (ref VBuffer<T> value) => new VBuffer<T>(values.Length, values).CopyTo(ref value));
            return builder.ToAnnotations();
        }
    }

    private sealed class Named<T>(LabelKind<T> kind, T[] values) : LabelKeys
    {
        private readonly Dictionary<string, int> _classes = values.Select((value, index) => (Name: kind.ToText(value), index))
            .DistinctBy(entry => entry.Name).ToDictionary(entry => entry.Name, entry => entry.index, StringComparer.Ordinal);

        internal override IReadOnlyList<string> Names { get; } = [.. values.Select(kind.ToText)];

        internal override DataViewSchema.Annotations Annotations => kind.Annotate(values);

        internal override JsonObject ToJson() => new()
        {
            [KindKey] = kind.Item.ToString(),
            [ValuesKey] = new JsonArray([.. values.Select(value => value is ReadOnlyMemory<char> text ? JsonValue.Create(text.ToString()) : JsonValue.Create(value))]),
        };

        internal override Func<int> ClassReader(DataViewRow row, DataViewSchema.Column column)
        {
            if (column.Type is KeyDataViewType)
            {
                var others = Of(column).Names.Select(name => _classes.GetValueOrDefault(name, -1)).ToArray();
                var key = ColumnReader.KeyGetter(row, column);
                return () => key() is > 0 and var raw && raw <= (ulong)others.Length ? others[raw - 1] : -1;
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

    private sealed class Unnamed(int count) : LabelKeys
    {
        internal override IReadOnlyList<string> Names { get; } = [.. Enumerable.Range(0, count).Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture))];

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
}
