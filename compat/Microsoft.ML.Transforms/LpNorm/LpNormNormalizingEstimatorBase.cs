using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

public abstract class LpNormNormalizingEstimatorBase : TrivialEstimator<LpNormNormalizingTransformer>
{
    internal const string ExpectedColumnType = "Expected known-size vector of Single";

    internal LpNormNormalizingEstimatorBase(IHostEnvironment env, LpNormNormalizingTransformer transformer)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(LpNormNormalizingEstimator)), transformer)
    {
    }

    public enum NormFunction : byte
    {
        L2 = 0,
        StandardDeviation = 1,
        L1 = 2,
        Infinity = 3,
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var (output, input) in Transformer.ColumnPairs)
        {
            if (!inputSchema.TryFindColumn(input, out var source))
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input);
            if (source.Kind != SchemaShape.Column.VectorKind.Vector || source.ItemType != NumberDataViewType.Single)
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input, ExpectedColumnType, source.GetTypeString());
            var annotations = new List<SchemaShape.Column>();
            if (source.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var slotNames))
                annotations.Add(slotNames);
            annotations.Add(new(AnnotationUtils.Kinds.IsNormalized, SchemaShape.Column.VectorKind.Scalar, BooleanDataViewType.Instance, false));
            columns[output] = new(output, source.Kind, source.ItemType, false, new SchemaShape(annotations));
        }
        return new SchemaShape(columns.Values);
    }
}
