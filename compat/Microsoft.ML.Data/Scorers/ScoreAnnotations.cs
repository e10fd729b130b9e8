using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The annotations of columns that a model adds. Each model's columns have a number of their own in a schema.</summary>
internal sealed class ScoreAnnotations(DataViewSchema inputSchema, string kind)
{
    private readonly uint _set = inputSchema.GetMaxAnnotationKind(out _, AnnotationUtils.Kinds.ScoreColumnSetId) + 1;

    public DataViewSchema.Annotations.Builder OfScore(bool normalized = false, string value = AnnotationUtils.Const.ScoreValueKind.Score)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        AddText(builder, AnnotationUtils.Kinds.ScoreColumnKind, kind);
        AddSet(builder);
        if (normalized)
            builder.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
        AddText(builder, AnnotationUtils.Kinds.ScoreValueKind, value);
        return builder;
    }

    public DataViewSchema.Annotations OfPredictedLabel(Action<DataViewSchema.Annotations.Builder> addKeyValues = null)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        AddText(builder, AnnotationUtils.Kinds.ScoreColumnKind, kind);
        AddText(builder, AnnotationUtils.Kinds.ScoreValueKind, AnnotationUtils.Const.ScoreValueKind.PredictedLabel);
        addKeyValues?.Invoke(builder);
        AddSet(builder);
        return builder.ToAnnotations();
    }

    private void AddSet(DataViewSchema.Annotations.Builder builder) => builder.AddPrimitiveValue(AnnotationUtils.Kinds.ScoreColumnSetId, AnnotationUtils.ScoreColumnSetIdType, _set);

    private static void AddText(DataViewSchema.Annotations.Builder builder, string name, string text) => builder.AddPrimitiveValue(name, TextDataViewType.Instance, text.AsMemory());
}
