using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>A trainer that reads features, labels and, where asked for, weights.</summary>
public abstract class TrainerEstimatorBase<TTransformer, TModel> : ITrainerEstimator<TTransformer, TModel>
    where TTransformer : ISingleFeaturePredictionTransformer<TModel>
    where TModel : class
{
    public readonly SchemaShape.Column FeatureColumn;
    public readonly SchemaShape.Column LabelColumn;
    public readonly SchemaShape.Column WeightColumn;

    private protected readonly IHost Host;

    private protected TrainerEstimatorBase(IHost host, SchemaShape.Column feature, SchemaShape.Column label, SchemaShape.Column weight)
    {
        Host = host;
        FeatureColumn = feature;
        LabelColumn = label;
        WeightColumn = weight;
    }

    public abstract TrainerInfo Info { get; }

    public TTransformer Fit(IDataView input)
    {
        Host.CheckValue(input, nameof(input));
        CheckInputSchema(SchemaShape.Create(input.Schema));
        return MakeTransformer(Train(input), input.Schema);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        CheckInputSchema(inputSchema);
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var column in OutputColumns(inputSchema))
            columns[column.Name] = column;
        return new SchemaShape(columns.Values);
    }

    private protected abstract TModel Train(IDataView data);

    private protected abstract TTransformer MakeTransformer(TModel model, DataViewSchema trainSchema);

    private protected abstract SchemaShape.Column[] OutputColumns(SchemaShape inputSchema);

    private void CheckInputSchema(SchemaShape inputSchema)
    {
        Check(inputSchema, "feature", FeatureColumn, nameof(inputSchema));
        if (WeightColumn.IsValid)
            Check(inputSchema, "weight", WeightColumn, nameof(inputSchema));
        Check(inputSchema, "label", LabelColumn, "labelCol");
    }

    private void Check(SchemaShape schema, string role, SchemaShape.Column required, string mismatchParameter)
    {
        if (!schema.TryFindColumn(required.Name, out var column))
            throw Host.ExceptSchemaMismatch("inputSchema", role, required.Name);
        if (!required.IsCompatibleWith(column))
            throw Host.ExceptSchemaMismatch(mismatchParameter, role, required.Name, required.GetTypeString(), column.GetTypeString());
    }
}
