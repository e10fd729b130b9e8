using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The names of annotations, and their shapes and types where these are agreed upon.</summary>
internal static class AnnotationUtils
{
    public static class Kinds
    {
        public const string SlotNames = "SlotNames";
        public const string KeyValues = "KeyValues";
        public const string ScoreColumnSetId = "ScoreColumnSetId";
        public const string ScoreColumnKind = "ScoreColumnKind";
        public const string ScoreValueKind = "ScoreValueKind";
        public const string IsNormalized = "IsNormalized";
        public const string TrainingLabelValues = "TrainingLabelValues";
        public const string CategoricalSlotRanges = "CategoricalSlotRanges";
    }

    public static class Const
    {
        public static class ScoreColumnKind
        {
            public const string BinaryClassification = "BinaryClassification";
            public const string MulticlassClassification = "MulticlassClassification";
            public const string Regression = "Regression";
        }

        public static class ScoreValueKind
        {
            public const string Score = "Score";
            public const string PredictedLabel = "PredictedLabel";
            public const string Probability = "Probability";
        }
    }

    public static KeyDataViewType ScoreColumnSetIdType { get; } = new(typeof(uint), int.MaxValue);

    public static VectorDataViewType GetNamesType(int size)
    {
        Contracts.CheckParam(size > 0, nameof(size), "must be known size");
        return new(TextDataViewType.Instance, size);
    }

    /// <summary>The largest number of a score column set in a schema; 0 where there is none.</summary>
    public static uint GetMaxAnnotationKind(this DataViewSchema schema, out int colMax, string annotationKind, Func<DataViewSchema, int, bool> filterFunc = null)
    {
        uint max = 0;
        colMax = -1;
        foreach (var column in schema)
        {
            if (column.Annotations.Schema.GetColumnOrNull(annotationKind)?.Type is not KeyDataViewType type || type.RawType != typeof(uint))
                continue;
            if (filterFunc != null && !filterFunc(schema, column.Index))
                continue;
            uint value = 0;
            column.Annotations.GetValue(annotationKind, ref value);
            if (max < value)
                (max, colMax) = (value, column.Index);
        }
        return max;
    }

    /// <summary>Whether a column has text slot names, one for each of its so many slots.</summary>
    public static bool HasSlotNames(this DataViewSchema.Column column, int vectorSize)
        => vectorSize > 0 && column.Annotations.Schema.GetColumnOrNull(Kinds.SlotNames)?.Type is VectorDataViewType { ItemType: TextDataViewType } names && names.Size == vectorSize;

    public static bool HasSlotNames(this SchemaShape.Column column)
        => column.Kind == SchemaShape.Column.VectorKind.Vector
            && column.Annotations.TryFindColumn(Kinds.SlotNames, out var names) && names.Kind == SchemaShape.Column.VectorKind.Vector && !names.IsKey && names.ItemType is TextDataViewType;

    /// <summary>Whether a key column has text values that can name the slots of a score column.</summary>
    public static bool NeedsSlotNames(this SchemaShape.Column column)
        => column.Annotations.TryFindColumn(Kinds.KeyValues, out var values) && values.Kind == SchemaShape.Column.VectorKind.Vector && values.ItemType is TextDataViewType;

    public static bool IsNormalized(this SchemaShape.Column column)
        => column.Annotations.TryFindColumn(Kinds.IsNormalized, out var annotation)
            && annotation.Kind == SchemaShape.Column.VectorKind.Scalar && !annotation.IsKey && annotation.ItemType is BooleanDataViewType;

    public static bool TryGetAnnotation<T>(this DataViewSchema schema, PrimitiveDataViewType type, string kind, int col, ref T value)
    {
        if (!type.Equals(schema[col].Annotations.Schema.GetColumnOrNull(kind)?.Type))
            return false;
        schema[col].Annotations.GetValue(kind, ref value);
        return true;
    }

    /// <summary>The annotations of every column that a trainer's model adds.</summary>
    public static IEnumerable<SchemaShape.Column> GetTrainerOutputAnnotation(bool isNormalized = false)
    {
        const SchemaShape.Column.VectorKind Scalar = SchemaShape.Column.VectorKind.Scalar;
        yield return new(Kinds.ScoreColumnSetId, Scalar, NumberDataViewType.UInt32, true);
        yield return new(Kinds.ScoreColumnKind, Scalar, TextDataViewType.Instance, false);
        yield return new(Kinds.ScoreValueKind, Scalar, TextDataViewType.Instance, false);
        if (isNormalized)
            yield return new(Kinds.IsNormalized, Scalar, BooleanDataViewType.Instance, false);
    }

    public static IEnumerable<SchemaShape.Column> AnnotationsForMulticlassScoreColumn(SchemaShape.Column? labelColumn = null)
    {
        const SchemaShape.Column.VectorKind Vector = SchemaShape.Column.VectorKind.Vector;
        if (labelColumn is { IsKey: true } label && label.Annotations.TryFindColumn(Kinds.KeyValues, out var values) && values.Kind == Vector)
        {
            if (values.ItemType is TextDataViewType)
                yield return new(Kinds.SlotNames, Vector, TextDataViewType.Instance, false);
            yield return new(Kinds.TrainingLabelValues, Vector, values.ItemType, false);
        }
        foreach (var annotation in GetTrainerOutputAnnotation())
            yield return annotation;
    }

    public static void AddSlotNames(this DataViewSchema.Annotations.Builder builder, int size, ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter)
        => builder.Add(Kinds.SlotNames, GetNamesType(size), getter);

    public static void AddKeyValues<TValue>(this DataViewSchema.Annotations.Builder builder, int size, PrimitiveDataViewType valueType, ValueGetter<VBuffer<TValue>> getter)
        => builder.Add(Kinds.KeyValues, new VectorDataViewType(valueType, size), getter);
}
