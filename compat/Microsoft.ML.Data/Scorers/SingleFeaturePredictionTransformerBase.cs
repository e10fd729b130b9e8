using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

public abstract class SingleFeaturePredictionTransformerBase<TModel> : PredictionTransformerBase<TModel>, ISingleFeaturePredictionTransformer<TModel>
    where TModel : class
{
    private protected SingleFeaturePredictionTransformerBase(IHost host, TModel model, DataViewSchema trainSchema, string featureColumn)
        : base(host, model, trainSchema)
    {
        FeatureColumnName = featureColumn;
        FeatureColumnType = (trainSchema.GetColumnOrNull(featureColumn) ?? throw Host.ExceptSchemaMismatch(nameof(featureColumn), "feature", featureColumn)).Type;
        Bind(trainSchema);
    }

    public string FeatureColumnName { get; }

    public DataViewType FeatureColumnType { get; }

    public sealed override DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        var column = inputSchema.GetColumnOrNull(FeatureColumnName) ?? throw Host.ExceptSchemaMismatch(nameof(inputSchema), "feature", FeatureColumnName);
        if (!column.Type.Equals(FeatureColumnType))
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "feature", FeatureColumnName, FeatureColumnType.ToString(), column.Type.ToString());
        return RowToRowMapperTransform.GetOutputSchema(inputSchema, MakeMapper(inputSchema));
    }

    private protected sealed override IRowMapper MakeMapper(DataViewSchema inputSchema) => MakeMapper(inputSchema, Bind(inputSchema));

    private protected abstract IRowMapper MakeMapper(DataViewSchema inputSchema, DataViewSchema.Column features);

    private protected void SaveBase(ModelSaveContext ctx)
    {
        ctx.SaveModel(Model, PredictionTransformerLoader.ModelFolder);
        ctx.SaveBinaryStream(PredictionTransformerLoader.TrainSchema, writer => SchemaFile.Write(TrainSchema, writer.BaseStream));
        ctx.SaveStringOrNull(FeatureColumnName);
    }

    /// <summary>Finds the features in a schema, and throws where the model can't take them.</summary>
    private DataViewSchema.Column Bind(DataViewSchema schema)
    {
        using var channel = Host.Register("SchemaBindableWrapper").Start("Bind");
        var features = schema.GetColumnOrNull(FeatureColumnName) ?? throw Contracts.ExceptParam(nameof(schema), $"Feature column '{FeatureColumnName}' not found");
        var required = new VectorDataViewType(NumberDataViewType.Single, ((IFeatureModel)Model).FeatureCount);
        if (!features.Type.GetItemType().Equals(required.ItemType))
            throw channel.Except($"Incompatible features column type item type: '{features.Type.GetItemType()}' vs '{required.ItemType}'");
        if (features.Type.GetVectorSize() != required.Size)
            throw channel.Except($"Incompatible features column type: '{features.Type}' vs '{required}'");
        return features;
    }
}
